"""What a run would do, and how long it would take, without doing it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from wherein.ingest.commit import Claims, ModelInputs
from wherein.ingest.title_vectors import TitleVectors

if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder

__all__ = ["DryRunQueue", "Plan", "Sample"]

_SIZE = 48  # few, so that a slow machine embeds them in seconds; their batches are less full than those of a run
_SEED = 20_240
_REPORT_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """Counts as in `Summary`, of what would be done. `gone` documents are no longer in any file of these sources.

    `tokens` would be embedded, in about `seconds`.
    """

    new: int
    changed: int
    moved: int
    unchanged: int
    removed: int
    gone: int
    skipped: int
    failed: int
    chunks: int
    embedded: int
    reused: int
    tokens: int
    seconds: float

    def as_dict(self) -> dict[str, int | float]:
        """Return the figures by name."""
        return asdict(self)


class Sample:
    """Counts texts that would be embedded, and keeps a uniform sample of them (reservoir sampling)."""

    def __init__(self) -> None:
        self.tokens: int = 0
        self._count = 0
        self._kept: list[list[int]] = []
        self._random = random.Random(_SEED)

    def add(self, ids: list[int]) -> None:
        """Count one, given as its token ids."""
        self.tokens += len(ids)
        self._count += 1
        if len(self._kept) < _SIZE:
            self._kept.append(ids)
        elif (slot := self._random.randrange(self._count)) < _SIZE:
            self._kept[slot] = ids

    def seconds(self, encoder: Encoder) -> float:
        """Embed the sample, and return how long all would take."""
        if not self._kept:
            return 0.0
        _embed(encoder, self._kept[:4])  # the model is loaded, and each length is compiled
        began = time.perf_counter()
        _embed(encoder, self._kept)
        return (time.perf_counter() - began) * self.tokens / sum(map(len, self._kept))


class DryRunQueue(Claims):
    """The queue of a dry run: it embeds and writes nothing. See `WriteQueue` in `ingest/commit.py`."""

    def __init__(self, sample: Sample, committed: Callable[[], object]) -> None:
        super().__init__()
        self._sample = sample
        self._titles = TitleVectors()
        self._committed = committed
        self._done: list[Callable[[], object]] = []
        self._committed_at = time.monotonic()

    def prepare(self) -> None:
        """Do nothing: a plan may end without an embedding."""

    def add(
        self,
        write: Callable[[], object],
        needs: frozenset[bytes] = frozenset(),
        done: Callable[[], object] = lambda: None,
    ) -> None:
        """Keep what is to be called when the write would be committed."""
        self._done.append(done)

    def add_alone(self, step: str, write: Callable[[], object]) -> None:
        """Write nothing."""

    def embed(self, inputs: ModelInputs, is_over: Callable[[], bool]) -> None:
        """Count what would be embedded."""
        for _, ids in self._titles.texts(inputs):
            self._sample.add(ids)
            self.commit_if_due()
        self._commit()

    def commit_if_due(self) -> None:
        """Report now and then."""
        if time.monotonic() - self._committed_at > _REPORT_SECONDS:
            self._commit()

    def _commit(self) -> None:
        for done in self._done:
            done()
        self._done.clear()
        self._committed()
        self._committed_at = time.monotonic()


def _embed(encoder: Encoder, rows: Iterable[list[int]]) -> None:
    for _ in encoder.stream(enumerate(rows)):
        pass

"""Vectors and writes on their way into the catalog.

Vectors are committed as the encoder returns them, so that an interrupted run loses none. A write is committed in one
piece, in its turn, when every vector that it needs is there.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple, Protocol

import numpy as np
from sqlite_utils import Database

from wherein.embed.encoder import Encoder, Matrix
from wherein.ingest.title_vectors import TitleVectors, TokenizedInput
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import save_vectors

__all__ = ["BATCH_SIZE", "Claims", "CommitQueue", "ModelInputs", "WriteQueue"]

ModelInputs = Iterator[TokenizedInput]
"""The model inputs that need a vector."""

_COMMIT_SECONDS = 1.0  # a commit waits for the disk; a crash costs at most what was embedded since the last one
# After the first vector: the first passages can soon be found, and a run over a few has one commit.
_FIRST_COMMIT_SECONDS = 0.25
_COMMIT_VECTORS = 512
BATCH_SIZE = 64
"""How many texts are tokenized at once."""


class WriteQueue(Protocol):
    """What a run needs of a queue: `CommitQueue`, or one that only counts (`ingest/progress/dry_run.py`)."""

    def prepare(self) -> None:
        """Start to load the model: something will be embedded."""

    def claim(self, hashes: Iterable[bytes]) -> list[bytes]:
        """Return those model inputs that nobody has claimed; the caller hands them to `embed`."""

    def is_claimed(self, name: bytes) -> bool:
        """Whether a model input is claimed and has no vector yet."""

    def add(
        self, write: Callable[[], object], needs: frozenset[bytes] = frozenset(), done: Callable[[], object] = ...
    ) -> None:
        """Queue a write that needs the vectors of these model inputs; `done` is called when it is committed."""

    def add_alone(self, step: str, write: Callable[[], object]) -> None:
        """Commit what is complete, then this write, in a transaction of its own."""

    def embed(self, inputs: ModelInputs, is_over: Callable[[], bool]) -> None:
        """Embed until `inputs` end or `is_over`; commit what is due meanwhile, and the rest at the end."""

    def commit_if_due(self) -> None:
        """Commit if the last time is a second ago, or many vectors wait."""


class _Pending(NamedTuple):
    """A write that waits for the vectors of `needs`."""

    needs: frozenset[bytes]
    write: Callable[[], object]
    done: Callable[[], object]


class Claims:
    """The model inputs that one part of a run has claimed to embed, so that no other part does."""

    def __init__(self) -> None:
        self._claimed: set[bytes] = set()

    def claim(self, hashes: Iterable[bytes]) -> list[bytes]:
        """Claim those model inputs that are not claimed yet, and return them."""
        free = [name for name in hashes if name not in self._claimed]
        self._claimed.update(free)
        return free

    def is_claimed(self, name: bytes) -> bool:
        """Whether a model input is claimed."""
        return name in self._claimed


class CommitQueue(Claims):
    """The queue that embeds and writes; `step` names its transactions for failpoints.

    After each commit `committed` is called with the hashes whose vectors it brought.
    """

    def __init__(
        self, db: Database, model: StoredModel, encoder: Encoder, step: str, committed: Callable[[list[bytes]], object]
    ) -> None:
        super().__init__()
        self._db = db
        self._model = model
        self._encoder = encoder
        self._step = step
        self._committed = committed
        self._titles = TitleVectors()
        self._vectors: dict[bytes, Matrix] = {}
        self._pending: deque[_Pending] = deque()
        self._due_at = time.monotonic() + _COMMIT_SECONDS
        self._has_vectors = False

    def prepare(self) -> None:
        """Start to load the model."""
        self._encoder.prepare()

    def add(
        self,
        write: Callable[[], object],
        needs: frozenset[bytes] = frozenset(),
        done: Callable[[], object] = lambda: None,
    ) -> None:
        """Queue a write."""
        self._pending.append(_Pending(needs, write, done))

    def add_alone(self, step: str, write: Callable[[], object]) -> None:
        """Commit what is complete, then this write."""
        self._commit()
        with writing(self._db, step):
            write()

    def embed(self, inputs: ModelInputs, is_over: Callable[[], bool]) -> None:
        """Embed and commit."""
        try:
            for name, vector in self._titles.stream(self._encoder, inputs):
                if not self._has_vectors:
                    self._has_vectors, self._due_at = True, time.monotonic() + _FIRST_COMMIT_SECONDS
                self._vectors[name] = vector
                self.commit_if_due()
                if is_over():
                    break
        finally:  # also after an error or Ctrl-C: what was embedded is kept
            self._commit()

    def commit_if_due(self) -> None:
        """Commit if it is time to."""
        if time.monotonic() > self._due_at or len(self._vectors) >= _COMMIT_VECTORS:
            self._commit()

    def _commit(self) -> None:
        """Commit the collected vectors and every write that is complete with them."""
        hashes = list(self._vectors)
        if hashes or self._pending:
            self._claimed.difference_update(hashes)  # first, for it decides in `_write` what is complete
            with writing(self._db, self._step):
                written = self._write(hashes)
            self._vectors.clear()
            for _ in range(written):
                self._pending.popleft().done()  # after the commit: only what is durable is reported
        self._committed(hashes)
        self._due_at = time.monotonic() + _COMMIT_SECONDS  # last: `_committed` may have written a generation

    def _write(self, hashes: list[bytes]) -> int:
        """Write the vectors and every write that is complete with them; return how many writes these are."""
        if hashes:
            vectors = np.stack([self._vectors[name] for name in hashes])
            save_vectors(self._db, self._model.id, hashes, vectors)
        # In their order: a write must not overtake an earlier one of the same file.
        complete = list(takewhile(lambda pending: pending.needs.isdisjoint(self._claimed), self._pending))
        for pending in complete:
            pending.write()
        return len(complete)

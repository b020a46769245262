"""How long a run will still take, by what it has to embed and not by the size of its files.

A megabyte of plain text has a hundred times as much to embed as one of PDF, and a file whose passages are known has
nothing at all. So it learns the tokens per byte of each kind, from the files that were read and from a sample of
those ahead (`ingest/progress/sampler.py`), and the tokens per second. Simpler estimators were measured and are worse,
see docs/decisions/pipeline.md.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from wherein.ingest.progress.sampler import FileSampler, PendingFile, Sampled

__all__ = ["EtaEstimator", "FileCost"]

# Reading a byte takes as long as embedding this many tokens: a megabyte takes a tenth to half a second.
_TOKENS_PER_BYTE = 0.002
# The speed is that of the last seconds: a laptop that gets warm, or busy, becomes slower.
_SPEED_SECONDS = 120.0
# No estimate before this: the model is being loaded, and the first files need not be like the others.
_MIN_SECONDS = 2.0
# Tokens per byte before anything was read: about those of plain text.
_DEFAULT_RATIO = 0.2
# All files that were read weigh as much as this many sampled files.
_READ_WEIGHT = 1
# A shorter run needs no sample.
_SAMPLE_AFTER = 5.0


@dataclass(frozen=True)
class FileCost:
    """A file that was read: its kind, its size in bytes, and how many of its tokens have to be embedded."""

    kind: str
    bytes: int
    tokens: int

    @property
    def work(self) -> float:
        """The time it takes to read and embed it, in tokens."""
        return self.tokens + _TOKENS_PER_BYTE * self.bytes


class EtaEstimator:
    """Counts work in tokens; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._sampler = FileSampler()
        self._expected: Counter[str] = Counter()
        self._read: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._queued = 0.0
        self._done = 0.0
        self._marks: deque[tuple[float, float]] = deque()  # from the first file on: before it the model was loaded

    def expect(self, file: PendingFile) -> None:
        """Count a file that is to be read."""
        self._expected[file.kind] += file.size
        self._sampler.add(file)

    def next_sample(self) -> PendingFile | None:
        """Return a file to be sampled before its turn; None, mostly, when none is needed now."""
        return self._sampler.draw() if self._clock() - self._began > _SAMPLE_AFTER else None

    def sampled(self, file: PendingFile, tokens: Mapping[bytes, int]) -> None:
        """Note what a sample holds: the tokens of each model input, by its hash, that has no vector yet."""
        self._sampler.sampled(file, tokens)

    def embedded(self, hashes: Iterable[bytes]) -> None:
        """Note that these model inputs have vectors now."""
        self._sampler.embedded(hashes)

    def read(self, path: str, cost: FileCost) -> None:
        """Note that a file was read: it is not ahead any more."""
        self._sampler.reached(path)
        self._expected[cost.kind] -= cost.bytes
        self._read[cost.kind] += cost.bytes
        self._tokens[cost.kind] += cost.tokens
        self._queued += cost.work

    def done(self, cost: FileCost) -> None:
        """Note that all of a file is embedded."""
        self._queued -= cost.work
        self._done += cost.work
        now = self._clock()
        self._marks.append((now, self._done))
        while now - self._marks[0][0] > _SPEED_SECONDS and len(self._marks) > 2:
            self._marks.popleft()

    def seconds(self) -> float | None:
        """Return how many seconds are left, None while that is unknown."""
        if not self._marks:
            return None
        began, then = self._marks[0]
        passed = self._clock() - began
        if passed < _MIN_SECONDS or self._done <= then:
            return None
        return self._left() / ((self._done - then) / passed)

    def _left(self) -> float:
        samples = self._sampler.by_kind()  # once: there may be thousands of kinds, as names of logs end in dates
        average = self._tokens.total() / self._read.total() if self._read.total() else _DEFAULT_RATIO
        coming = sum(
            size * (self._ratio(kind, samples.get(kind), average) + _TOKENS_PER_BYTE)
            for kind, size in self._expected.items()
            if size > 0
        )
        return self._queued + coming

    def _ratio(self, kind: str, sample: Sampled | None, average: float) -> float:
        """Return the tokens per byte of a kind, the `average` where nothing is known of it."""
        read = self._tokens[kind] / self._read[kind] if self._read[kind] else None
        if sample is None or not sample.bytes:
            return average if read is None else read
        if read is None:
            return sample.tokens / sample.bytes
        weight = _READ_WEIGHT * sample.bytes / sample.files
        return (sample.tokens + weight * read) / (sample.bytes + weight)

"""How long a run will still take, by what it has to embed and not by the size of its files.

A megabyte of plain text has a hundred times as much to embed as one of PDF, and a file whose passages are known has
nothing at all. So for each kind of file it is learnt how many tokens come of a byte, from those that were read and
from a few that are still ahead (`ingest/progress/sampler.py`), and how many tokens a second are done.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from wherein.ingest.progress.sampler import FileSampler, PendingFile, Seen

__all__ = ["EtaEstimator", "FileCost"]

# To read a byte takes as long as to embed so many tokens: a megabyte a tenth to half a second.
_TOKENS_PER_BYTE = 0.002
# The speed is that of so many seconds: a laptop that gets warm, or busy, is slower than it was.
_SECONDS = 120.0
# Before that nothing is said: the model is loaded, and the first files need not be like the others.
_FIRST_SECONDS = 2.0
# What a byte gives before anything was read: about that of plain text.
_USUAL = 0.2
# What was read says as much about what is ahead as so many files that are ahead themselves.
_READ_WEIGHS = 1
# A run that is over before that needs no look ahead.
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
        while now - self._marks[0][0] > _SECONDS and len(self._marks) > 2:
            self._marks.popleft()

    def seconds(self) -> float | None:
        """Return how many seconds are left, None while that cannot be told."""
        if not self._marks:
            return None
        began, then = self._marks[0]
        passed = self._clock() - began
        if passed < _FIRST_SECONDS or self._done <= then:
            return None
        return self._left() / ((self._done - then) / passed)

    def _left(self) -> float:
        seen = self._sampler.by_kind()  # once: there may be thousands of kinds, as names of logs end in dates
        usual = self._tokens.total() / self._read.total() if self._read.total() else _USUAL
        coming = sum(
            size * (self._ratio(kind, seen.get(kind), usual) + _TOKENS_PER_BYTE)
            for kind, size in self._expected.items()
            if size > 0
        )
        return self._queued + coming

    def _ratio(self, kind: str, seen: Seen | None, usual: float) -> float:
        """Return how many tokens come of a byte of that kind, the `usual` ones where nothing is known of it."""
        read = self._tokens[kind] / self._read[kind] if self._read[kind] else None
        if seen is None or not seen.bytes:
            return usual if read is None else read
        if read is None:
            return seen.tokens / seen.bytes
        weight = _READ_WEIGHS * seen.bytes / seen.files
        return (seen.tokens + weight * read) / (seen.bytes + weight)

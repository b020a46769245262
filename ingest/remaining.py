"""How long a run will still take, by what it has to embed and not by the size of its files.

A megabyte of plain text has a hundred times as much to embed as one of PDF, and a file whose passages are known has
nothing at all. So for each kind of file it is learnt how many tokens came of a byte, and how many tokens a second are
done; what is not read yet is expected to be as what was.
"""

import time
from collections import Counter, deque
from collections.abc import Callable

__all__ = ["Remaining"]

# To read a byte takes as long as to embed so many tokens: a megabyte a tenth to half a second.
_TOKENS_PER_BYTE = 0.002
# The speed is that of so many seconds: a laptop that gets warm, or busy, is slower than it was.
_SECONDS = 120.0
# Before that nothing is said: the model is loaded, and the first files need not be like the others.
_FIRST_SECONDS = 2.0
# What a byte gives before anything was read: about that of plain text.
_USUAL = 0.2


class Remaining:
    """Counts work in tokens; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._expected: Counter[str] = Counter()
        self._read: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._queued = 0.0
        self._done = 0.0
        self._marks: deque[tuple[float, float]] = deque()  # from the first file on: before it the model was loaded

    def expect(self, kind: str, size: int) -> None:
        """Count a file that is to be read, `size` in bytes."""
        self._expected[kind] += size

    def met(self, kind: str, size: int, tokens: int) -> None:
        """Tell that such a file was read, and that it has so many tokens to embed."""
        self._expected[kind] -= size
        self._read[kind] += size
        self._tokens[kind] += tokens
        self._queued += tokens + _TOKENS_PER_BYTE * size

    def done(self, kind: str, size: int, tokens: int) -> None:
        """Tell that all of it is embedded."""
        work = tokens + _TOKENS_PER_BYTE * size
        self._queued -= work
        self._done += work
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
        coming = sum(size * (self._ratio(kind) + _TOKENS_PER_BYTE) for kind, size in self._expected.items() if size > 0)
        return self._queued + coming

    def _ratio(self, kind: str) -> float:
        """Return how many tokens come of a byte of that kind, of any kind where none was read yet."""
        if self._read[kind]:
            return self._tokens[kind] / self._read[kind]
        return self._tokens.total() / self._read.total() if self._read.total() else _USUAL

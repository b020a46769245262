"""How much may be unpacked of one file, so that a small one can neither fill memory and disk nor run all night."""

from wherein.errors import Unreadable

__all__ = ["MEMBERS_LIMIT", "Allowance", "LimitExceeded"]

TOTAL_LIMIT = 4 << 30
"""Bytes unpacked of one file at most, including the archives inside it."""

MEMBERS_LIMIT = 100_000
"""Members read of one file at most, including those of the archives inside it."""

RATIO_LIMIT = 200
"""How many times its own size a file may unpack to, once that is more than `GRACE`."""

GRACE = 64 << 20
"""Bytes that any file may unpack to, however small it is."""


class LimitExceeded(Unreadable):
    """A limit for the outermost file was reached: nothing more of it is read."""


class Allowance:
    """What may still be unpacked of a file of `size` bytes."""

    def __init__(self, size: int) -> None:
        self._by_ratio = RATIO_LIMIT * size < TOTAL_LIMIT
        self._bytes = min(TOTAL_LIMIT, max(GRACE, RATIO_LIMIT * size))
        self._members = MEMBERS_LIMIT

    def take(self, count: int) -> None:
        """Account for `count` unpacked bytes. Raises LimitExceeded."""
        self._bytes -= count
        if self._bytes < 0 and self._by_ratio:
            raise LimitExceeded(f"unpacks to more than {RATIO_LIMIT} times its size (a bomb?); the rest was not read")
        if self._bytes < 0:
            raise LimitExceeded(f"unpacks to more than {TOTAL_LIMIT >> 30} GB; the rest was not read")

    def take_member(self) -> None:
        """Account for one member. Raises LimitExceeded."""
        self._members -= 1
        if self._members < 0:
            raise LimitExceeded(f"more than {MEMBERS_LIMIT:,} members; the rest were not read")

"""How much may be unpacked of one file, so that a small one cannot fill memory, disk or the night."""

from wherein.errors import Unreadable

__all__ = ["MEMBERS_LIMIT", "Allowance", "TooMuch"]

TOTAL_LIMIT = 4 << 30
"""How many bytes are unpacked of one file at most, everything in it and in the archives in it together."""

MEMBERS_LIMIT = 100_000
"""How many members of one file are looked at, those of the archives in it included."""

RATIO_LIMIT = 200
"""How many times its size a file may have unpacked, once that is more than `GRACE`."""

GRACE = 64 << 20


class TooMuch(Unreadable):
    """A limit for the whole file is passed: nothing more of it is read."""


class Allowance:
    """What may still be unpacked of a file of `size` bytes."""

    def __init__(self, size: int) -> None:
        self._by_ratio = RATIO_LIMIT * size < TOTAL_LIMIT
        self._bytes = min(TOTAL_LIMIT, max(GRACE, RATIO_LIMIT * size))
        self._members = MEMBERS_LIMIT

    def take(self, count: int) -> None:
        """Account for bytes that were unpacked. Raises TooMuch."""
        self._bytes -= count
        if self._bytes < 0 and self._by_ratio:
            raise TooMuch(f"it unpacks to more than {RATIO_LIMIT} times its size (a bomb?); the rest of it is left out")
        if self._bytes < 0:
            raise TooMuch(f"it unpacks to more than {TOTAL_LIMIT >> 30} GB; the rest of it is left out")

    def take_member(self) -> None:
        """Account for a member. Raises TooMuch."""
        self._members -= 1
        if self._members < 0:
            raise TooMuch(f"it has more than {MEMBERS_LIMIT:,} members; the rest of them is left out")

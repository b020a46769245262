"""SQLite's integers: 64 bits with a sign (https://sqlite.org/datatype3.html). File systems and callers give others."""

import sys

__all__ = ["GREATEST", "LEAST", "bindable", "clamp", "fold"]

LEAST, GREATEST = -(2**63), 2**63 - 1
_GREATEST_REAL = sys.float_info.max


def clamp(number: int) -> int:
    """Return the nearest integer that SQLite can hold; as nanoseconds since the epoch, from the year 1677 to 2262."""
    return max(LEAST, min(number, GREATEST))


def fold(identity: int) -> int:
    """Return the low 64 bits as a signed integer: unsigned 64-bit numbers that differ stay different."""
    return (identity - LEAST) % 2**64 + LEAST


def bindable(number: int) -> int | float:
    """Return a number to compare with: an integer where 64 bits hold it, else the nearest float, as SQLite reads it."""
    if LEAST <= number <= GREATEST:
        return number
    return float(max(-int(_GREATEST_REAL), min(number, int(_GREATEST_REAL))))

"""The error for a file in which there is nothing to read."""

from wherein.errors import Unreadable

__all__ = ["Skipped"]


class Skipped(Unreadable):
    """Nothing to read here: a binary, empty or textless file.

    A plain `Unreadable` means instead that there should be text but it cannot be had (a damaged file).
    """

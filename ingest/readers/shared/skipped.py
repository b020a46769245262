"""The error for a file that holds nothing to read."""

from wherein.errors import Unreadable

__all__ = ["Skipped"]


class Skipped(Unreadable):
    """There is nothing to read: the file is binary, empty or without text.

    A plain `Unreadable` means instead that the file should hold text but cannot be read, for example because it is
    damaged.
    """

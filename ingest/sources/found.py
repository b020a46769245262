"""What a walk of a source comes across."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FoundFile", "FoundLink", "WalkError", "system_reason"]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file: its real path, size in bytes, and times in nanoseconds.

    `path` may hold any character, and surrogates for bytes that cannot be decoded (`os.fsencode` gives them back);
    `display` makes it printable.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A symbolic link by the path at which it was found, and the real path of the file or folder that it leads to."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class WalkError:
    """A path that cannot be walked or read, and why; `is_missing` when there is nothing at the path of the source.

    `is_skipped` when that is no failure, because the user did not name the path itself, such as a socket in a folder.
    """

    path: str
    reason: str
    is_missing: bool = False
    is_skipped: bool = False


def system_reason(error: OSError) -> str:
    """Return why the system refused something, as the rest of a sentence."""
    return (error.strerror or str(error)).lower()

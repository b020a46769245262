"""Every error that Wherein raises on purpose.

    WhereinError               exit code 1
    ├── UsageError             2   the request makes no sense; nothing was done
    ├── LibraryBusy            4   another process is writing to the library
    ├── Damaged                5   a file does not hold what was written to it
    ├── ModelMismatch          6   the library was made with another model
    ├── Stale                  6   nothing that was found stands in its file as it was read
    ├── Outdated               1   the library has an older schema; a writer brings it up to date
    ├── Refused                1   a new index or model would have answered worse; the present one stays in force
    └── Unreadable             -   one document cannot be read; a bulk run lists it and goes on

The message is one or two sentences for the person at the terminal: what happened and what to do.
This module imports nothing, so every other one may import it.
"""

__all__ = [
    "EXIT_INTERRUPTED",
    "EXIT_PARTLY_FAILED",
    "Damaged",
    "LibraryBusy",
    "ModelMismatch",
    "Outdated",
    "Refused",
    "Stale",
    "Unreadable",
    "UsageError",
    "WhereinError",
]

EXIT_PARTLY_FAILED = 3
EXIT_INTERRUPTED = 130


class WhereinError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(WhereinError):
    """The arguments cannot be carried out as given."""

    exit_code = 2


class LibraryBusy(WhereinError):
    """Another process holds the writer's lock.

    `pid` is that process's id, or None when it could not be read.
    """

    exit_code = 4

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class Damaged(WhereinError):
    """A file or row fails its checksum or cannot be parsed."""

    exit_code = 5


class ModelMismatch(WhereinError):
    """The library's vectors were made by another model, version or precision."""

    exit_code = 6


class Refused(WhereinError):
    """What was to be swapped in did not pass its check; what was in force still is."""


class Stale(WhereinError):
    """All passages that were found are from files that have changed or are gone since they were read."""

    exit_code = 6


class Outdated(WhereinError):
    """The catalogue has an older schema than a reader can read."""


class Unreadable(WhereinError):
    """A single document cannot be turned into text; the message is the reason shown in the report."""

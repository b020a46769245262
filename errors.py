"""Every exception that Wherein raises on purpose, and the exit codes of the command line.

    WhereinError               1   base class; nothing more specific fits
    ├── UsageError             2   the arguments make no sense; nothing was done
    ├── LibraryBusy            4   another process is writing to the library
    ├── Damaged                5   a file or row does not hold what was written to it
    ├── ModelMismatch          6   the library was made with another model
    ├── Stale                  6   every passage that was found is from a file that has changed since it was read
    ├── Outdated               1   the library has an older schema; the next writer migrates it
    ├── Refused                1   a new index or model would answer worse; the present one stays active
    └── Unreadable             -   one document cannot be read; the run lists it and continues

Two exit codes come without an exception: 3 (EXIT_PARTLY_FAILED) when a run could not read some files, and 130
(EXIT_INTERRUPTED) after Ctrl-C or SIGTERM.

A message is one or two sentences for the person at the terminal: what happened, and what to do.
This module imports nothing, so every other module may import it.
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
    "explain",
]

EXIT_PARTLY_FAILED = 3
EXIT_INTERRUPTED = 130


class WhereinError(Exception):
    """Base class; the command line prints the message and exits with `exit_code`."""

    exit_code = 1


class UsageError(WhereinError):
    """The arguments make no sense; nothing was done."""

    exit_code = 2


class LibraryBusy(WhereinError):
    """Another process holds the writer's lock; `pid` is its process ID, None if it could not be read."""

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
    """A new index or model failed its check; the present one stays active."""


class Stale(WhereinError):
    """Every passage that was found is from a file that has changed, or is gone, since it was read."""

    exit_code = 6


class Outdated(WhereinError):
    """The catalog's schema is older than a reader can read."""


class Unreadable(WhereinError):
    """One document cannot be turned into text; the message is the reason that the report shows."""


def explain(error: WhereinError | OSError) -> WhereinError:
    """Return the error to report: an error of the system becomes a sentence that names its file."""
    if isinstance(error, WhereinError):
        return error
    path = error.filename.decode("utf-8", "surrogateescape") if isinstance(error.filename, bytes) else error.filename
    return WhereinError(f"{error.strerror or error}{f': {path}' if path else ''}")

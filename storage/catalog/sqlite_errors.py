"""What SQLite and the disk report, as errors that say what happened and what to do."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from wherein.errors import Damaged, LibraryBusy, WhereinError

__all__ = ["CATALOG_ERRORS", "catalog_faults", "translate_error", "translating_errors"]

_NO_ROOM = "There is no room left on the disk, or a limit on file sizes was reached; make room and run it again. {kept}"
_KEPT = "What was committed is kept."
_DISK = "The disk reported an error ({error}). {kept} Look at the disk, then run: wherein verify"
_DAMAGED = "The catalogue is damaged ({error}); run: wherein verify"
_READ_ONLY = "The library cannot be written ({error}); look at the rights of its folder"

_NO_ROOM_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DISK_ERRNO = frozenset({errno.EIO, errno.EROFS, errno.ENXIO, errno.ESTALE})


# SQLite's messages quote a damaged schema, and sqlite3 decodes them before it raises its own error.
CATALOG_ERRORS = (sqlite3.Error, UnicodeDecodeError)


@contextmanager
def catalog_faults() -> Iterator[None]:
    """As `faults`, around what does nothing but work with the catalogue."""
    with translating_errors():
        try:
            yield
        except UnicodeDecodeError as error:
            raise translate_error(error) from error


@contextmanager
def translating_errors() -> Iterator[None]:
    """Turn what SQLite and the disk report inside into a `WhereinError`; other errors pass."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate_error(error) from error
    except OSError as error:
        if error.errno in _NO_ROOM_ERRNO:
            raise WhereinError(_NO_ROOM.format(kept=_KEPT)) from error
        if error.errno in _DISK_ERRNO:
            raise WhereinError(_DISK.format(error=error.strerror, kept=_KEPT)) from error
        raise


def translate_error(error: sqlite3.Error | UnicodeDecodeError) -> WhereinError:
    """Return what an error of SQLite means, by its primary result code (https://sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        return WhereinError(_NO_ROOM.format(kept=_KEPT))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryBusy(f"Another process holds the catalogue ({error}); wait for it and run it again")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return WhereinError(_READ_ONLY.format(error=error))
    if primary == sqlite3.SQLITE_IOERR:
        return WhereinError(_DISK.format(error=error, kept=_KEPT))
    # CORRUPT, NOTADB, text that is no UTF-8 (without a code), and what only a damaged schema can bring about.
    return Damaged(_DAMAGED.format(error=error))

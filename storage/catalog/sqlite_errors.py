"""Errors of SQLite and the disk, translated to sentences that say what happened and what to do."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from wherein.errors import Damaged, LibraryBusy, WhereinError

__all__ = ["CATALOG_ERRORS", "translate_error", "translating_catalog_errors", "translating_errors"]

_DISK_FULL = "The disk is full, or a limit on file sizes was reached; free some space and try again. {kept}"
_KEPT = "Everything that was committed is safe."
_DISK = "The disk reported an error ({error}). {kept} Check the disk, then run: wherein verify"
_DAMAGED = "The catalog is damaged ({error}); run: wherein verify"
_READ_ONLY = "The library cannot be written ({error}); check the permissions of its folder"

_NOT_WRITABLE = "The library cannot be written: {error}; {remedy}"
_REMEDIES = {
    errno.EACCES: "run this as the user who owns it, or change its permissions",
    errno.EPERM: "run this as the user who owns it, or change its permissions",
    errno.EROFS: "mount its disk for writing, or name a copy of the library with --library",
}

_DISK_FULL_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DISK_ERRNO = frozenset({errno.EIO, errno.ENXIO, errno.ESTALE})

# SQLite's messages quote a damaged schema, and sqlite3 decodes them before it raises its own error.
CATALOG_ERRORS = (sqlite3.Error, UnicodeDecodeError)


@contextmanager
def translating_catalog_errors() -> Iterator[None]:
    """Like `translating_errors`, around code that decodes nothing but the catalog: invalid UTF-8 is damage as well."""
    with translating_errors():
        try:
            yield
        except UnicodeDecodeError as error:
            raise translate_error(error) from error


@contextmanager
def translating_errors() -> Iterator[None]:
    """Turn errors of SQLite and the disk into a `WhereinError`; others pass."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate_error(error) from error
    except OSError as error:
        if error.errno in _DISK_FULL_ERRNO:
            raise WhereinError(_DISK_FULL.format(kept=_KEPT)) from error
        if error.errno in _DISK_ERRNO:
            raise WhereinError(_DISK.format(error=error.strerror, kept=_KEPT)) from error
        if remedy := _REMEDIES.get(error.errno or 0):
            raise WhereinError(_NOT_WRITABLE.format(error=_described(error), remedy=remedy)) from error
        raise


def _described(error: OSError) -> str:
    path = f" ({os.fsencode(error.filename).decode('utf-8', 'backslashreplace')})" if error.filename else ""
    return f"{error.strerror}{path}"


def translate_error(error: sqlite3.Error | UnicodeDecodeError) -> WhereinError:
    """Return the error to report for one of SQLite's, by its result code (https://sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF  # an extended code has the primary one in its low byte
    # A write beyond a limit on file sizes (EFBIG) is not FULL for SQLite, but a failed write.
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        return WhereinError(_DISK_FULL.format(kept=_KEPT))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryBusy(f"Another process has locked the catalog ({error}); wait for it and try again")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return WhereinError(_READ_ONLY.format(error=error))
    if primary == sqlite3.SQLITE_IOERR:
        return WhereinError(_DISK.format(error=error, kept=_KEPT))
    # CORRUPT, NOTADB, invalid UTF-8 (which has no code), and errors that only a damaged schema can cause.
    return Damaged(_DAMAGED.format(error=error))

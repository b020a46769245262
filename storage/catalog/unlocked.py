"""Reading a catalog in a folder that cannot be written, where SQLite cannot create the files that its locks need.

Where another process has the catalog open, or crashed with it, these files are there, and SQLite reads it as usual
(https://sqlite.org/wal.html#read_only_databases). Else the catalog is opened as immutable, or if there is a log, a
private copy of both. A writer may come any time and cannot be kept out: whoever reads compares the files before and
after.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.catalog.connect import connect

__all__ = ["has_changed", "needs_no_lock", "open_unlocked", "require_readable", "unchanged"]

_CHANGED = (
    "The library was changed while it was being read; it cannot be locked, because its folder cannot be written from"
    " here; run the same command again"
)
_CODES = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)

_Stamp = tuple[tuple[int, ...], ...]


class _UnlockedConnection(sqlite3.Connection):
    """A connection without locks, and what the catalog's files were when it was opened."""

    catalog: Path
    stamp: _Stamp


def needs_no_lock(error: sqlite3.Error, path: Path) -> bool:
    """Whether SQLite failed to open the catalog at `path` only because its folder cannot be written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # an extended code has the primary one in its low byte
    return code in _CODES and path.exists() and not _is_writable(path.parent)


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def open_unlocked(path: Path) -> sqlite3.Connection:
    """Open the catalog at `path` without locks. Raises WhereinError when it cannot be read, or changes meanwhile."""
    stamp = _stamp(path)
    db = _open_copy(path) if _identity(_log(path)) else _connect(path, "mode=ro&immutable=1")
    db.catalog, db.stamp = path, stamp
    if has_changed(db):
        db.close()
        raise LibraryBusy(_CHANGED)
    return db


def has_changed(db: object) -> bool:
    """Whether a connection without locks is out of date: it is to be closed, and the catalog opened again."""
    return isinstance(db, _UnlockedConnection) and _stamp(db.catalog) != db.stamp


@contextmanager
def unchanged(db: object) -> Iterator[None]:
    """Raise LibraryBusy at the end when another process wrote what a connection without locks was reading."""
    if has_changed(db):
        raise LibraryBusy(_CHANGED)
    try:
        yield
    except Exception as error:
        if has_changed(db):  # it may have read half of a change, which looks like damage
            raise LibraryBusy(_CHANGED) from error
        raise
    if has_changed(db):
        raise LibraryBusy(_CHANGED)


def _open_copy(path: Path) -> _UnlockedConnection:
    # Late: a question imports this module, and reads a copy only where the folder cannot be written.
    import shutil
    from tempfile import TemporaryDirectory

    require_readable(_log(path))
    try:
        # SQLite keeps the files open; without names nothing is left of them, however this process ends.
        with TemporaryDirectory(prefix="wherein-") as folder:
            for part in (path, _log(path)):
                shutil.copyfile(part, Path(folder) / part.name)
            return _connect(Path(folder) / path.name, "mode=ro")
    except OSError as error:
        raise WhereinError(
            f"{path} has a log that a writer left, and its folder cannot be written; it cannot be copied to be read"
            f" either ({error.strerror or error}); set TMPDIR to a folder with room for it"
        ) from error


def _connect(path: Path, query: str) -> _UnlockedConnection:
    db = connect(path, query, _UnlockedConnection)
    assert isinstance(db, _UnlockedConnection)
    return db


def require_readable(path: Path) -> None:
    """Raise WhereinError when a file cannot be read."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise WhereinError(f"The library cannot be read: {error.strerror} ({path})") from error


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _stamp(path: Path) -> _Stamp:
    return tuple(map(_identity, (path, _log(path))))


def _identity(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    # An empty log is as good as none.
    is_log_without_content = path.suffix.endswith("-wal") and not status.st_size
    return () if is_log_without_content else (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

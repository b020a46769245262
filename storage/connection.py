"""The one way to the database: every connection is made here and every write happens inside `writing`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from errors import Damaged, Outdated, WhereinError
from storage.catalog import Catalog
from storage.failpoints import reached
from storage.faults import faults
from storage.filesystem import file_system, is_network
from storage.schema import NEWEST_SCHEMA, migrate, schema_of

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["CATALOG", "checkpoint", "open_beside", "open_reader", "open_writer", "reading", "writing"]

CATALOG = "catalog.db"
_BUSY_SECONDS = 10.0


def open_writer(folder: Path) -> Database:
    """Open `folder`/catalog.db for writing, creating and migrating it. The caller holds the writer's lock.

    Raises Damaged when the file is no SQLite database, WhereinError when it lies on a network file system.
    """
    kind = file_system(folder)
    if is_network(kind):
        raise WhereinError(
            f"{folder} lies on a network file system ({kind}), where SQLite's write-ahead log is not safe; keep the"
            " library on a disk of this machine"
        )
    from sqlite_utils import Database  # a question need not wait for it

    db = Database(_connect(folder / CATALOG, "rwc"), execute_plugins=False)
    # WAL lets readers go on while the writer commits; FULL makes every commit reach the disk
    # (https://sqlite.org/pragma.html#pragma_synchronous).
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    _refuse_newer(db)
    migrate(db)
    return db


def open_reader(folder: Path) -> sqlite3.Connection:
    """Open an existing catalogue read-only; such a connection never writes and never checkpoints.

    Raises Outdated when the catalogue has an older schema: opened once by the writer, it has the newest.
    """
    db = _connect(folder / CATALOG, "ro")
    with faults():
        _refuse_newer(db)
        if schema_of(db) < NEWEST_SCHEMA:
            db.close()
            raise Outdated("This library was written by an older Wherein and is not migrated yet")
    return db


def open_beside(folder: Path) -> Database:
    """Open an existing catalogue for one short transaction beside a writer, without the writer's lock.

    It never checkpoints, which is the writer's alone. SQLite would do so when the last connection closes: the caller
    keeps a reader open until this one is closed.
    """
    from sqlite_utils import Database

    db = Database(_connect(folder / CATALOG, "rw"), execute_plugins=False)
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    return db


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter when SQLite quotes a damaged schema
        raise Damaged(f"{path} cannot be opened as a SQLite database ({error}); restore it from a backup") from error
    return connection


def _refuse_newer(db: Catalog) -> None:
    if schema_of(db) > NEWEST_SCHEMA:
        raise WhereinError("This library was written by a newer Wherein; upgrade with: pipx upgrade wherein")


@contextmanager
def writing(db: Database, step: str) -> Iterator[Database]:
    """One write transaction, begun as a writer so that it never has to be upgraded half-way.

    Commits at the end, rolls back on any exception. `step` names it among the failpoints.
    """
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        reached(f"{step}.begun")
        with db.atomic():
            yield db
        reached(f"{step}.written")
        db.conn.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
    reached(f"{step}.committed")


@contextmanager
def reading(db: Catalog) -> Iterator[Catalog]:
    """One snapshot: everything read inside belongs to the same committed state."""
    with faults():
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.rollback()


def checkpoint(db: Database) -> bool:
    """Move the write-ahead log into the database file and empty it; return whether no reader stood in the way."""
    reached("checkpoint.begun")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    reached("checkpoint.done")
    return not busy

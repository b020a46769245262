"""The one way to the database: every connection is made here and every write happens inside `writing`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from errors import Damaged, WhereinError
from storage.catalog import Catalog
from storage.schema import NEWEST_SCHEMA, migrate, schema_of

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["CATALOG", "checkpoint", "open_reader", "open_writer", "reading", "writing"]

CATALOG = "catalog.db"
_BUSY_SECONDS = 10.0


def open_writer(folder: Path) -> Database:
    """Open `folder`/catalog.db for writing, creating and migrating it. The caller holds the writer's lock.

    Raises Damaged when the file is no SQLite database.
    """
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
    """Open an existing catalogue read-only; such a connection never writes and never checkpoints."""
    db = _connect(folder / CATALOG, "ro")
    _refuse_newer(db)
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
    except sqlite3.DatabaseError as error:
        raise Damaged(f"{path} cannot be opened as a SQLite database ({error}); restore it from a backup") from error
    return connection


def _refuse_newer(db: Catalog) -> None:
    if schema_of(db) > NEWEST_SCHEMA:
        raise WhereinError("This library was written by a newer Wherein; upgrade with: pipx upgrade wherein")


@contextmanager
def writing(db: Database) -> Iterator[Database]:
    """One write transaction, begun as a writer so that it never has to be upgraded half-way.

    Commits at the end, rolls back on any exception.
    """
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        with db.atomic():
            yield db
        db.conn.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


@contextmanager
def reading(db: Catalog) -> Iterator[Catalog]:
    """One snapshot: everything read inside belongs to the same committed state."""
    db.execute("BEGIN")
    try:
        yield db
    finally:
        db.rollback()


def checkpoint(db: Database) -> None:
    """Move the write-ahead log into the database file and empty it, as far as readers allow."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

"""Connections and transactions: every connection is opened here and every write happens inside `writing`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged, Outdated, WhereinError
from wherein.storage.catalog.connect import connect
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.schema import NEWEST_SCHEMA, has_tables, migrate, schema_of
from wherein.storage.catalog.sqlite_errors import translating_catalog_errors
from wherein.storage.catalog.unlocked import needs_no_lock, open_unlocked, require_readable, unchanged
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.filesystem import file_system, is_network

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "CATALOG",
    "catalog_is_lost",
    "checkpoint",
    "lenient_text",
    "open_beside",
    "open_existing",
    "open_lenient",
    "open_reader",
    "open_writer",
    "snapshot",
    "writing",
]

CATALOG = "catalog.db"
_LOST = "{} is missing, but an index that was made from it exists; recover the library with: wherein restore"
_EMPTIED = "{} has lost its tables; run: wherein verify"


def open_writer(folder: Path) -> Database:
    """Open `folder`/catalog.db for writing; create or migrate it if need be. The caller holds the writer lock.

    Raises Damaged when the file is not an SQLite database, WhereinError when it is on a network file system.
    """
    kind = file_system(folder)
    if is_network(kind):
        raise WhereinError(
            f"{folder} is on a network file system ({kind}), where SQLite's write-ahead log is not safe; keep the"
            " library on a local disk"
        )
    if catalog_is_lost(folder):
        raise Damaged(_LOST.format(folder / CATALOG))
    from sqlite_utils import Database  # imported late: a question does not need it

    # Without plugins: those that are installed for sqlite-utils run code on every connection.
    db = Database(_connect(folder / CATALOG, "rwc"), execute_plugins=False)
    try:
        with translating_catalog_errors():
            _refuse_emptied(folder, db)  # before `migrate`, which would create the tables again
            # WAL lets readers continue while the writer commits; FULL flushes every commit to the disk, NORMAL leaves
            # that to a later one (https://sqlite.org/pragma.html#pragma_synchronous). A migration that a power failure
            # undoes is only applied again, so that a new library does not wait for the disk at each of them.
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            _refuse_newer(db)
            migrate(db)
            db.execute("PRAGMA synchronous=FULL")
    except BaseException:
        db.close()
        raise
    return db


def open_reader(folder: Path) -> sqlite3.Connection:
    """Open an existing catalog read-only; such a connection never writes and never checkpoints.

    Where the folder cannot be written the connection may have no locks, see `unlocked.has_changed`. Raises Outdated
    when the catalog has an older schema, which `open_writer` migrates.
    """
    if catalog_is_lost(folder):
        raise Damaged(_LOST.format(folder / CATALOG))
    db = _connect_reader(folder / CATALOG)
    try:
        with translating_catalog_errors():
            _refuse_emptied(folder, db)
            _refuse_newer(db)
            if schema_of(db) < NEWEST_SCHEMA:
                raise Outdated("This library was written by an older Wherein and has not been migrated yet")
    except BaseException:
        db.close()
        raise
    return db


def open_beside(folder: Path) -> Database:
    """Open an existing catalog for one short transaction beside a writer, without the writer lock.

    The connection never checkpoints: only the writer does. SQLite would checkpoint when the last connection closes, so
    the caller keeps a reader open until this one is closed.
    """
    from sqlite_utils import Database

    db = Database(_connect(folder / CATALOG, "rw"), execute_plugins=False)
    # Set for each connection, unlike WAL, which the database file itself records.
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    return db


def open_existing(path: Path) -> sqlite3.Connection:
    """Open a catalog for writing without any check or migration. The caller holds the writer lock."""
    return _connect(path, "rw")


def open_lenient(folder: Path) -> sqlite3.Connection:
    """Open as `open_reader` does, to examine damaged rows: invalid UTF-8 is decoded to lone surrogates."""
    db = open_reader(folder)
    db.text_factory = lenient_text
    return db


def lenient_text(raw: bytes) -> str:
    """Decode UTF-8; invalid bytes become lone surrogates, which no stored text contains and JSON can express."""
    return raw.decode("utf-8", "surrogateescape")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    with translating_catalog_errors():
        return connect(path, f"mode={mode}")


def _connect_reader(path: Path) -> sqlite3.Connection:
    with translating_catalog_errors():
        try:
            return connect(path, "mode=ro")
        except sqlite3.OperationalError as error:
            if path.exists():
                require_readable(path)
            if needs_no_lock(error, path):
                return open_unlocked(path)
            raise


def catalog_is_lost(folder: Path) -> bool:
    """Whether the catalog is missing although an index that was made from it exists: not a new library."""
    return not (folder / CATALOG).exists() and _has_index(folder)


def _has_index(folder: Path) -> bool:
    return any(path.suffix in (".faiss", ".keywords") for path in (folder / "generations").glob("*"))


def _refuse_emptied(folder: Path, db: Catalog) -> None:
    """Raise Damaged when the tables are gone; a writer would otherwise start the library over."""
    if has_tables(db):
        return
    # A writer that dies before its first commit leaves one page: switching to WAL writes the header.
    (one_page,) = db.execute("PRAGMA page_size").fetchone()
    if _has_index(folder) or (folder / CATALOG).stat().st_size > one_page:
        raise Damaged(_EMPTIED.format(folder / CATALOG))


def _refuse_newer(db: Catalog) -> None:
    if schema_of(db) > NEWEST_SCHEMA:
        from wherein.installation import how_to_upgrade  # needed only for the message

        raise WhereinError(f"This library was written by a newer Wherein; {how_to_upgrade()}")


@contextmanager
def writing(db: Database, step: str) -> Iterator[Database]:
    """Run one write transaction; commit at the end, roll back on any exception.

    It takes SQLite's write lock at once (BEGIN IMMEDIATE), since upgrading a read transaction later may fail with
    SQLITE_BUSY. `step` names it among the failpoints.
    """
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        failpoint(f"{step}.begun")
        # A savepoint within the transaction: the COMMIT, and the failpoints around it, stay in this function.
        with db.atomic():
            yield db
        failpoint(f"{step}.written")
        db.conn.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
    failpoint(f"{step}.committed")


@contextmanager
def snapshot(db: Catalog) -> Iterator[Catalog]:
    """Open a snapshot: everything that is read inside belongs to the same committed state.

    Inside a write transaction of the same connection, that is the state which it will commit. Raises LibraryBusy when a
    library that cannot be locked was changed meanwhile.
    """
    connection: Any = getattr(db, "conn", db)  # a `Database` holds sqlite3's connection
    if connection.in_transaction:
        yield db
        return
    with unchanged(connection), translating_catalog_errors():
        db.execute("BEGIN")  # deferred: SQLite takes the snapshot with the first read
        try:
            yield db
        finally:
            db.rollback()


def checkpoint(db: Database) -> bool:
    """Move the write-ahead log into the database file and truncate it; return False when a reader prevented that."""
    failpoint("checkpoint.begun")
    # TRUNCATE also empties the file, in which purged text would otherwise remain.
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    failpoint("checkpoint.done")
    return not busy

"""The one way to the database: every connection is made here and every write happens inside `writing`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged, Outdated, WhereinError
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.schema import NEWEST_SCHEMA, has_tables, migrate, schema_of
from wherein.storage.catalog.sqlite_errors import catalog_faults
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
_LOST = "{} is missing, but there is an index that was made from it; bring the library back with: wherein restore"
_EMPTIED = "{} has lost its tables; run: wherein verify"
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
    if catalog_is_lost(folder):
        raise Damaged(_LOST.format(folder / CATALOG))
    from sqlite_utils import Database  # a question need not wait for it

    db = Database(_connect(folder / CATALOG, "rwc"), execute_plugins=False)
    try:
        with catalog_faults():
            _refuse_emptied(folder, db)
            # WAL lets readers go on while the writer commits; FULL makes every commit reach the disk
            # (https://sqlite.org/pragma.html#pragma_synchronous).
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            _refuse_newer(db)
            migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def open_reader(folder: Path) -> sqlite3.Connection:
    """Open an existing catalogue read-only; such a connection never writes and never checkpoints.

    Raises Outdated when the catalogue has an older schema: opened once by the writer, it has the newest.
    """
    if catalog_is_lost(folder):
        raise Damaged(_LOST.format(folder / CATALOG))
    db = _connect(folder / CATALOG, "ro")
    try:
        with catalog_faults():
            _refuse_emptied(folder, db)
            _refuse_newer(db)
            if schema_of(db) < NEWEST_SCHEMA:
                raise Outdated("This library was written by an older Wherein and is not migrated yet")
    except BaseException:
        db.close()
        raise
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


def open_existing(path: Path) -> sqlite3.Connection:
    """Open a catalogue as it is, to write to it whatever state it is in. The caller holds the writer's lock."""
    return _connect(path, "rw")


def open_lenient(folder: Path) -> sqlite3.Connection:
    """Open as `open_reader` does, for a look at what may be damaged: bytes that are no UTF-8 become lone surrogates."""
    db = open_reader(folder)
    db.text_factory = lenient_text
    return db


def lenient_text(raw: bytes) -> str:
    """Return what can be told apart from every text that was stored, and written as JSON."""
    return raw.decode("utf-8", "surrogateescape")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    with catalog_faults():
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            # Each page is looked at before it is used, as SQLite advises for files that may be damaged
            # (https://sqlite.org/security.html).
            connection.execute("PRAGMA cell_size_check=ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
    return connection


def catalog_is_lost(folder: Path) -> bool:
    """Whether the catalogue is missing although an index was made from it: that is no new library."""
    return not (folder / CATALOG).exists() and _has_index(folder)


def _has_index(folder: Path) -> bool:
    return any(path.suffix in (".faiss", ".keywords") for path in (folder / "generations").glob("*"))


def _refuse_emptied(folder: Path, db: Catalog) -> None:
    """Raise Damaged when there are no tables where there were some; a writer would begin the library anew."""
    if has_tables(db):
        return
    one_page = int(db.execute("PRAGMA page_size").fetchone()[0])
    if _has_index(folder) or (folder / CATALOG).stat().st_size > one_page:
        raise Damaged(_EMPTIED.format(folder / CATALOG))


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
        failpoint(f"{step}.begun")
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
    """One snapshot: everything read inside belongs to the same committed state.

    Inside a write transaction of the same connection it is what that one will commit.
    """
    connection: Any = getattr(db, "conn", db)
    if connection.in_transaction:
        yield db
        return
    with catalog_faults():
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.rollback()


def checkpoint(db: Database) -> bool:
    """Move the write-ahead log into the database file and empty it; return whether no reader stood in the way."""
    failpoint("checkpoint.begun")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    failpoint("checkpoint.done")
    return not busy

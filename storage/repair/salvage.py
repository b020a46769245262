"""A catalog with damaged pages: the rows that are still what was stored go into a fresh one in its place.

Rows are read by storage/repair/damaged_catalog.py and recognized by their checksums. Ids do not change and none is used
twice. The damaged file is copied to quarantine first, and stays in use until the fresh one is flushed to disk.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged, LibraryBusy
from wherein.storage.catalog.checksums import is_named, row_checksum
from wherein.storage.catalog.connection import CATALOG, checkpoint, open_existing, open_writer, writing
from wherein.storage.catalog.files import REREAD
from wherein.storage.catalog.schema import NEWEST_SCHEMA
from wherein.storage.catalog.sqlite_errors import CATALOG_ERRORS, translate_error
from wherein.storage.catalog.texts import is_stored_block, read_text
from wherein.storage.catalog.vectors import is_stored_vector
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync
from wherein.storage.repair.damaged_catalog import DamagedCatalog, Row, Value
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.repair_rows import repair_counters, repair_models
from wherein.storage.repair.sqlite_wal import log_of

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["STAGING", "Salvaged", "salvage"]

STAGING = "salvage"
_DONE = "done"
_SCRATCH = "scratch.db"
# Tables whose rows have a checksum, by which they are recognized on any page.
_CHECKED = ("documents", "texts", "chunks", "vectors")
# What the checksum of a row covers, in its order.
_DOCUMENT_FIELDS = ("uri", "title", "media_type", "text_hash", "metadata", "notes")
_CHUNK_FIELDS = ("document_id", "ordinal", "start", "end", "page", "heading", "input_hash")
_BLOCK_FIELDS = ("document_id", "number", "lines", "text", "checksum")
_PLAIN = ("settings", "models", "sources", "files", "generations", "exclusions", "backups", "nights", "golden",
          "file_sources", "aliases", "removed_chunks")  # fmt: skip
_NOTHING = "{} cannot be read, and nothing in it can be saved; restore a backup with: wherein restore"
_OLD = (
    "{} is damaged and was written by an older version, whose rows have no checksums; restore a backup with: wherein"
    " restore"
)

Columns = Mapping[str, list[str]]


@dataclass(frozen=True)
class Salvaged:
    """How many rows of each table were saved, and how many readable rows are not what was stored."""

    saved: Mapping[str, int]
    rejected: int


def salvage(folder: Path, quarantine: Quarantine, *, with_log: bool = True) -> Salvaged:
    """Replace the catalog at `folder` by a fresh one with everything that can be saved.

    Without `with_log` the log is ignored, because the catalog holds newer pages already. Afterwards documents may lack
    passages, and passages vectors; every file is marked to be read again. Raises Damaged when nothing can be saved,
    LibraryBusy while a reader holds the log open; the catalog is then unchanged.
    """
    staging = folder / STAGING
    if _was_interrupted(folder, staging):
        _swap(folder, staging, empty_log=False)
        return Salvaged({}, 0)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    result = _fill(folder, staging, quarantine, with_log)
    fsync(staging / CATALOG)
    quarantine.copy(folder / CATALOG)
    if with_log and log_of(folder / CATALOG).exists():
        quarantine.copy(log_of(folder / CATALOG))
    # Last of all: once the old log is gone, the next repair renames a catalog that is marked as done into place.
    (staging / _DONE).touch()
    fsync(staging)
    failpoint("repair.salvaged")
    _swap(folder, staging, empty_log=with_log)
    return result


# From the damaged file into the fresh one.


def _fill(folder: Path, staging: Path, quarantine: Quarantine, with_log: bool) -> Salvaged:
    path = folder / CATALOG
    log = log_of(path) if with_log else None
    with closing(open_writer(staging)) as new, DamagedCatalog(path, log, staging / _SCRATCH) as damaged:
        roots = {**_own_roots(new), **damaged.roots}
        # None at all means that this table cannot be read; then the checksums of the rows decide.
        if 0 < sum(1 for _ in damaged.rows(roots["_sqlite_migrations"])) < NEWEST_SCHEMA:
            raise Damaged(_OLD.format(path))
        filler = _Filler(new, _columns(new))
        with writing(new, "repair.salvage"):
            # Rows refer to others that come later, or are lost: `_cut_loose_ends` sees to those before the commit.
            new.execute("PRAGMA defer_foreign_keys=ON")
            for table in _PLAIN:
                filler.plain(table, damaged.rows(roots[table]))
            repair_models(new)  # before the vectors, which are recognized by their model's dimension
            filler.dimensions = dict(new.execute("SELECT id, dimension FROM models").fetchall())
            for table in _CHECKED:
                filler.checked(table, damaged.rows(roots[table]))
            # Without a free list deleted rows look like others; a deleted vector does no harm.
            filler.stray(damaged.leaf_rows(), _CHECKED if damaged.free is not None else ("vectors",))
            filler.reject_torn()
            _cut_loose_ends(new)
            _set_counters(new, damaged.rows(roots["sqlite_sequence"]))
            new.execute("UPDATE files SET version = ?", [REREAD])
        saved = filler.saved
        if not saved["documents"] and not saved["sources"]:
            shutil.rmtree(staging)
            raise Damaged(_NOTHING.format(path))
        for table, rows in filler.rejected.items():
            quarantine.rows(table, rows)
        checkpoint(new)  # the file is renamed by itself: its log must be empty
    return Salvaged(saved, sum(map(len, filler.rejected.values())))


def _own_roots(db: Database) -> dict[str, int]:
    """Return the root pages of a new catalog's tables, which are those of any catalog that was never vacuumed."""
    return dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'").fetchall())


def _columns(db: Database) -> dict[str, list[str]]:
    return {
        table: [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})").fetchall()]
        for table in (*_PLAIN, *_CHECKED)
    }


class _Filler:
    """Writes rows into a fresh catalog; `rejected` are those that are not what was stored, by table."""

    def __init__(self, db: Database, columns: Columns) -> None:
        self.saved: Counter[str] = Counter()
        self.rejected: dict[str, list[Mapping[str, Value]]] = {}
        self.dimensions: dict[int, int] = {}
        self._db = db
        self._columns = columns

    def plain(self, table: str, rows: Iterator[Row]) -> None:
        """Write rows that have no checksum, if the table's declaration allows them."""
        for row in rows:
            if not self._insert(table, row):
                self._reject(table, row)

    def checked(self, table: str, rows: Iterator[Row]) -> None:
        """Write rows that fit their checksum, even those of another table, whose page was swapped into this one."""
        for row in rows:
            kind = self._kind(row, (table, *_CHECKED))
            if kind is None or not self._insert(kind, row):
                self._reject(table, row)

    def stray(self, rows: Iterator[Row], tables: tuple[str, ...]) -> None:
        """Write rows that fit a checksum of one of `tables`, and ignore all others."""
        for row in rows:
            kind = self._kind(row, tables)
            if kind is not None:
                self._insert(kind, row)

    def reject_torn(self) -> None:
        """Remove the documents whose text is not complete, with what was saved of it."""
        for document_id, text_hash in self._db.execute("SELECT id, text_hash FROM documents").fetchall():
            stored = read_text(self._db, document_id)
            if stored.sound and is_named(stored.text, text_hash):
                continue
            for table, column in (("texts", "document_id"), ("documents", "id")):
                cursor = self._db.execute(f"SELECT * FROM {table} WHERE {column} = ?", [document_id])
                names = [name for name, *_ in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                self.rejected.setdefault(table, []).extend(rows)
                self.saved[table] -= len(rows)
            self._db.execute("DELETE FROM documents WHERE id = ?", [document_id])

    def _kind(self, row: Row, tables: tuple[str, ...]) -> str | None:
        return next((table for table in tables if self._is_sound(table, row)), None)

    def _is_sound(self, table: str, row: Row) -> bool:
        value = self._named(table, row)

        def fits(columns: tuple[str, ...]) -> bool:
            return row_checksum(*(value[name] for name in columns)) == value["checksum"]

        if table == "vectors":
            model_id = value["model_id"]
            dimension = self.dimensions.get(model_id) if isinstance(model_id, int) else None
            return is_stored_vector(dimension, value["input_hash"], value["vector"], value["checksum"])
        if table == "documents":
            return fits(_DOCUMENT_FIELDS)  # `reject_torn` compares its text
        if table == "texts":
            return is_stored_block(*(value[name] for name in _BLOCK_FIELDS))
        return fits(_CHUNK_FIELDS)

    def _named(self, table: str, row: Row) -> dict[str, Value]:
        """Return a row's values by column; an integer key is kept as the row's id."""
        names = self._columns[table]
        values = dict(zip(names, row.values, strict=False))
        return {**values, "id": row.id} if names[0] == "id" else values

    def _insert(self, table: str, row: Row) -> bool:
        names = self._columns[table]
        if any(value is not None for value in row.values[len(names) :]):
            return False  # a row of a wider table, from a page that was swapped
        value = self._named(table, row)
        quoted, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        try:
            # A row that conflicts is the same row, read before.
            done = self._db.execute(
                f"INSERT INTO {table} ({quoted}) VALUES ({marks}) ON CONFLICT DO NOTHING", [value[n] for n in names]
            )
        except (sqlite3.IntegrityError, UnicodeEncodeError, OverflowError):  # the table cannot hold it, so it never did
            return False
        self.saved[table] += done.rowcount
        return True

    def _reject(self, table: str, row: Row) -> None:
        # Without any model every vector would be rejected; the quarantined copy of the catalog has them all.
        if not (table == "vectors" and not self.dimensions):
            self.rejected.setdefault(table, []).append({**self._named(table, row), "id": row.id})


def _cut_loose_ends(db: Database) -> None:
    """Detach documents from files that were not saved, and delete other rows that refer to rows that were not."""
    db.execute("UPDATE documents SET file_id = NULL WHERE file_id NOT IN (SELECT id FROM files)")
    db.execute(
        "DELETE FROM file_sources WHERE file_id NOT IN (SELECT id FROM files)"
        " OR source_id NOT IN (SELECT id FROM sources)"
    )
    db.execute("DELETE FROM aliases WHERE source_id NOT IN (SELECT id FROM sources)")
    db.execute("DELETE FROM texts WHERE document_id NOT IN (SELECT id FROM documents)")
    db.execute("DELETE FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)")
    db.execute("DELETE FROM generations WHERE model_id NOT IN (SELECT id FROM models)")


def _set_counters(db: Database, rows: Iterator[Row]) -> None:
    """Set the id counters to their old values, or well above the highest ids."""
    known: dict[str, int] = {}
    for row in rows:
        name, last, *_ = row.values
        if isinstance(name, str) and isinstance(last, int):
            known[name] = last
    repair_counters(db, known)


# Into place.


def _was_interrupted(folder: Path, staging: Path) -> bool:
    """Whether a finished catalog only has to be renamed: the log is gone, and nothing was written since."""
    done = staging / _DONE
    if not done.exists() or not (staging / CATALOG).exists() or log_of(folder / CATALOG).exists():
        return False
    return (folder / CATALOG).stat().st_mtime_ns <= done.stat().st_mtime_ns


def _swap(folder: Path, staging: Path, *, empty_log: bool) -> None:
    path = folder / CATALOG
    if empty_log:
        _empty_log(path)
    # SQLite applies a log to the catalog beside it: the old log must be gone before the fresh catalog has the name.
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    fsync(folder)
    failpoint("repair.log-gone")
    (staging / CATALOG).replace(path)
    fsync(folder)
    failpoint("repair.swapped")
    shutil.rmtree(staging)


def _empty_log(path: Path) -> None:
    """Move the log into the damaged catalog, if SQLite still can; copies of both are in quarantine.

    Then a crash before the fresh catalog has the name loses nothing of the damaged one.
    """
    with suppress(Damaged), closing(open_existing(path)) as db:
        try:
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except CATALOG_ERRORS as error:
            raise translate_error(error) from error
        if busy:
            raise LibraryBusy("Another process is reading from the library; end it and run the repair again")

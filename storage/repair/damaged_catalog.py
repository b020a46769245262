"""The rows of a damaged catalog, as far as SQLite can still read them from a copy.

SQLite ends a query at the first damaged page. So a table is read from both ends, and what lies between in ranges of
row ids that are halved around each error. Then every leaf page is read by itself, as if it were the whole table: that
finds the rows below a damaged interior page. Whether a row is what was stored is for the caller to decide.
docs/decisions/salvage.md compares this with other ways.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from wherein.storage.catalog.connection import lenient_text
from wherein.storage.catalog.sqlite_errors import CATALOG_ERRORS
from wherein.storage.repair.sqlite_wal import log_of

__all__ = ["DamagedCatalog", "Row", "Value"]

Value = int | float | str | bytes | None

_PAGE_SIZE = 4096  # SQLite's default, which no catalog changes
_LEAF = b"\x0d"  # how a page of table rows begins (https://sqlite.org/fileformat2.html#b_tree_pages)
_COLUMNS = 16  # more than any table of the catalog has; a value that a row does not have is read as None


@dataclass(frozen=True)
class Row:
    """A row's id and its values in the order of the columns, followed by None up to the widest table's width.

    An integer primary key is the id, and None among the values. Bytes that are no UTF-8 are lone surrogates in text.
    """

    id: int
    values: tuple[Value, ...]


class DamagedCatalog:
    """A copy of a catalog, with its `log` moved into it unless that is None; removed when the context ends.

    `roots` maps each table to its root page, as far as the schema can be read. `free` are the pages of the free list,
    which may still hold deleted rows; None when the list is damaged.
    """

    def __init__(self, catalog: Path, log: Path | None, scratch: Path) -> None:
        self._path = scratch
        shutil.copyfile(catalog, scratch)
        if log is not None and log.exists():
            shutil.copyfile(log, log_of(scratch))
        self.roots = self._move_log()
        if log_of(scratch).exists():  # SQLite cannot open the copy: with a sound first page it can
            self._overwrite_first_page()
            self._move_log()
        for suffix in ("-wal", "-shm"):
            scratch.with_name(scratch.name + suffix).unlink(missing_ok=True)
        self._file = scratch.open("rb")
        self._count = scratch.stat().st_size // _PAGE_SIZE
        self.free = self._free_pages()  # the list starts in the first page, which is overwritten next
        self._overwrite_first_page()
        self._db = sqlite3.connect(scratch, isolation_level=None)
        self._db.text_factory = lenient_text
        # The copy is thrown away, so no change to it has to be undone or flushed.
        for pragma in ("writable_schema=ON", "journal_mode=OFF", "synchronous=OFF"):
            self._db.execute(f"PRAGMA {pragma}")

    def __enter__(self) -> DamagedCatalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._file.close()
        self._path.unlink(missing_ok=True)

    def rows(self, root: int) -> Iterator[Row]:
        """Yield the rows of the table that begins at page `root`, as far as SQLite can reach them."""
        self._point_to(root)
        yield from self._readable_rows()

    def leaf_rows(self) -> Iterator[Row]:
        """Yield the rows of all leaf pages that are not free, whichever table they belong to."""
        for number in range(2, self._count + 1):  # page 1 is the schema's
            if number not in (self.free or ()) and self._page(number).startswith(_LEAF):
                yield from self.rows(number)

    def _readable_rows(self) -> Iterator[Row]:
        low, high = 0, -1
        try:
            for row in self._select("ORDER BY rowid"):
                low = row.id + 1
                yield row
        except CATALOG_ERRORS as error:
            _raise_if_disk(error)
            with _ignoring_damage():
                for row in self._select("ORDER BY rowid DESC"):
                    high = row.id - 1
                    yield row
            yield from self._between(low, high)

    def _between(self, low: int, high: int) -> Iterator[Row]:
        if low > high:
            return
        # A range would move on to the next leaf, and an error there costs the last row here.
        among = f"BETWEEN {low} AND {high}" if low < high else f"= {low}"
        try:
            yield from self._select(f"WHERE rowid {among}")
        except CATALOG_ERRORS as error:
            _raise_if_disk(error)
            if low < high:
                middle = (low + high) // 2
                yield from self._between(low, middle)  # at most 64 deep: an id has 64 bits
                yield from self._between(middle + 1, high)

    def _select(self, clause: str) -> Iterator[Row]:
        for row_id, *values in self._db.execute(f"SELECT rowid, * FROM pages {clause}"):
            yield Row(row_id, tuple(values))

    def _point_to(self, root: int) -> None:
        """Make `pages` the table that begins at that page; RESET lets SQLite read the schema again."""
        self._db.execute("UPDATE sqlite_master SET rootpage = ?", [root])
        self._db.execute("PRAGMA writable_schema=RESET")
        self._db.execute("PRAGMA writable_schema=ON")

    def _move_log(self) -> dict[str, int]:
        """Move the log into the copy, as far as SQLite can; return the tables' root pages."""
        roots: dict[str, int] = {}
        with _ignoring_damage(), closing(sqlite3.connect(self._path)) as db:
            db.execute("PRAGMA writable_schema=ON")  # reads a schema in spite of entries that make no sense
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for order in ("ASC", "DESC"):  # from both ends, since SQLite stops at the first damaged page
                with _ignoring_damage():
                    tables = f"SELECT name, rootpage FROM sqlite_master WHERE type = 'table' ORDER BY rowid {order}"
                    for name, root in db.execute(tables):
                        if isinstance(name, str) and isinstance(root, int):
                            roots[name] = root
        return roots

    def _overwrite_first_page(self) -> None:
        """Declare one table that any row fits, and nothing else."""
        with closing(sqlite3.connect(":memory:")) as db:
            db.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
            db.execute(f"CREATE TABLE pages ({', '.join(f'c{number}' for number in range(_COLUMNS))})")
            page = bytearray(db.serialize()[:_PAGE_SIZE])
        # The header's number of pages, which SQLite does not read beyond.
        page[28:32] = (self._path.stat().st_size // _PAGE_SIZE).to_bytes(4, "big")
        with self._path.open("r+b") as file:
            file.write(page)

    def _page(self, number: int) -> bytes:
        self._file.seek((number - 1) * _PAGE_SIZE)
        return self._file.read(_PAGE_SIZE)

    def _free_pages(self) -> set[int] | None:
        """Follow the free list (https://sqlite.org/fileformat2.html#the_freelist)."""
        free: set[int] = set()
        try:
            trunk, expected = struct.unpack_from(">2I", self._page(1), 32)
            while trunk and trunk not in free:  # a damaged list may lead in a circle
                following, leaves = struct.unpack_from(">2I", self._page(trunk))
                free.add(trunk)
                free.update(struct.unpack_from(f">{leaves}I", self._page(trunk), 8))
                trunk = following
        except struct.error:
            return None
        return free if len(free) == expected else None


def _raise_if_disk(error: Exception) -> None:
    """Raise an error that is not the file's damage but the disk's: rows that are there must not be given up."""
    if (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        raise error


@contextmanager
def _ignoring_damage() -> Iterator[None]:
    try:
        yield
    except CATALOG_ERRORS as error:
        _raise_if_disk(error)

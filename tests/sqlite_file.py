"""Where SQLite keeps the rows of a table in its file, for tests that damage a page of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

PAGE = 4096
LEAF, INTERIOR = 13, 5


def leaf_pages(path: Path, table: str) -> list[int]:
    """Return the numbers of the pages that hold rows of a table, as the file has them without its log."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        root = int(db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()[0])
    return sorted(_leaves(path.read_bytes(), root))


def _leaves(data: bytes, page: int) -> list[int]:
    start = (page - 1) * PAGE
    if data[start] == LEAF:
        return [page]
    assert data[start] == INTERIOR
    cells = int.from_bytes(data[start + 3 : start + 5])
    offsets = [int.from_bytes(data[start + 12 + 2 * n : start + 14 + 2 * n]) for n in range(cells)]
    children = [int.from_bytes(data[start + at : start + at + 4]) for at in (*offsets, 8)]
    return [leaf for child in children for leaf in _leaves(data, child)]


def logged_pages(log: Path) -> set[int]:
    """Return the numbers of the pages that a write-ahead log holds, none when there is no log."""
    data = log.read_bytes() if log.exists() else b""
    return {int.from_bytes(data[at : at + 4]) for at in range(32, len(data), 24 + PAGE)}

"""The log as it is read here is the log as SQLite reads it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherein.storage.repair.damaged_catalog import DamagedCatalog
from wherein.storage.repair.sqlite_wal import EMPTY_LOG, log_of, read_log

COMMITS = 30


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log with a commit for each row, kept from being emptied by the connection that wrote it."""
    path = tmp_path_factory.mktemp("log") / "catalog.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        for number in range(COMMITS):
            db.execute("INSERT INTO rows (text) VALUES (?)", [str(number) * 400])
        yield path


def by_sqlite(catalog: bytes, log: bytes, folder: Path) -> int:
    """Return how many rows SQLite finds."""
    (folder / "copy.db").write_bytes(catalog)
    (folder / "copy.db-wal").write_bytes(log)
    (folder / "copy.db-shm").unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{folder / 'copy.db'}?mode=ro", uri=True)) as db:
        try:
            return int(db.execute("SELECT count(*) FROM rows").fetchone()[0])
        except sqlite3.OperationalError:  # the table came with the first commit
            return -1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), bit=st.integers(0, 7), cut=st.booleans())
def test_it_is_whole_as_far_as_sqlite_says(log: Path, tmp_path: Path, place: float, bit: int, cut: bool) -> None:
    data = bytearray(log_of(log).read_bytes())
    at = min(int(place * len(data)), len(data) - 1)
    if cut:
        del data[at:]
    else:
        data[at] ^= 1 << bit
    found = by_sqlite(log.read_bytes(), bytes(data), tmp_path)
    (tmp_path / "log").write_bytes(data)
    mine = read_log(tmp_path / "log")
    assert mine.commits == found + 1
    assert (mine.lost > 0) == (not cut and found < COMMITS)
    (tmp_path / "catalog").write_bytes(log.read_bytes())
    with DamagedCatalog(tmp_path / "catalog", tmp_path / "log", tmp_path / "scratch") as damaged:
        root = damaged.roots.get("rows")
        assert len(list(damaged.rows(root)) if root else []) == max(found, 0)


def test_no_log_and_an_empty_one(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none") == EMPTY_LOG
    (tmp_path / "empty").write_bytes(b"")
    assert read_log(tmp_path / "empty") == EMPTY_LOG

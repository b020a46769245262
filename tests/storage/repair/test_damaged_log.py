"""A damaged log is copied to quarantine before a writer overwrites it; a stale one must not be read at all."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from small_library import rows
from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.repair.damaged_log import keep_damaged_log, lost_commits
from wherein.storage.repair.quarantine import QUARANTINE, Quarantine
from wherein.storage.repair.sqlite_wal import EMPTY_LOG, log_of

COMMITS = 5
FRAME = 24 + 4096


@pytest.fixture
def unfinished(library: Path, tmp_path: Path) -> Path:
    """A library whose last writer was killed: its log holds five commits of two pages each."""
    return killed_writer(library, tmp_path / "unfinished")


def killed_writer(library: Path, copy: Path, *, checkpointed: bool = False) -> Path:
    with closing(sqlite3.connect(library / CATALOG, isolation_level=None)) as db:
        for number in range(COMMITS):
            db.execute("INSERT INTO settings VALUES (?, 'x')", [f"key {number}"])
        if checkpointed:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")  # moves the log into the catalog, and leaves it as it is
        return Path(shutil.copytree(library, copy))


def flip(log: Path, frame: int) -> bytes:
    """Flip a bit in the page of a frame; return the log's bytes."""
    data = bytearray(log.read_bytes())
    data[32 + frame * FRAME + 1_000] ^= 1
    log.write_bytes(data)
    return bytes(data)


def keys(folder: Path) -> list[tuple[object, ...]]:
    return rows(folder, "SELECT key FROM settings WHERE key LIKE 'key %' ORDER BY key")


def test_without_a_log_nothing_is_lost(library: Path) -> None:
    assert lost_commits(library) == ""
    assert keep_damaged_log(library, Quarantine(library)) == (EMPTY_LOG, False)
    assert not (library / QUARANTINE).exists()


def test_from_a_sound_log_nothing_is_lost(unfinished: Path) -> None:
    assert lost_commits(unfinished) == ""
    log, stale = keep_damaged_log(unfinished, Quarantine(unfinished))
    assert (log.commits, log.lost, stale) == (COMMITS, 0, False)
    assert not (unfinished / QUARANTINE).exists()
    assert len(keys(unfinished)) == COMMITS


def test_the_commits_from_the_damage_on_are_lost_and_quarantined(unfinished: Path) -> None:
    data = flip(log_of(unfinished / CATALOG), 4)
    sentence = lost_commits(unfinished)
    (folder,) = (unfinished / QUARANTINE).iterdir()
    assert sentence == f"its last 3 commits cannot be read and are lost; a copy is in {folder}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {f"{CATALOG}-wal": data}
    assert log_of(unfinished / CATALOG).read_bytes() == data
    assert keys(unfinished) == [("key 0",), ("key 1",)]


def test_a_log_that_is_older_than_the_catalog_is_refused(library: Path, tmp_path: Path) -> None:
    folder = killed_writer(library, tmp_path / "stale", checkpointed=True)
    data = flip(log_of(folder / CATALOG), 4)
    with pytest.raises(Damaged) as caught:
        lost_commits(folder)
    wal = log_of(folder / CATALOG)
    assert str(caught.value) == f"{wal} is damaged, and older than the catalog; run: wherein repair"
    (copy,) = (folder / QUARANTINE).glob("*/*")
    assert copy.read_bytes() == data
    log, stale = keep_damaged_log(folder, Quarantine(folder))
    assert (log.commits, log.lost, stale) == (2, 3, True)


def test_a_log_without_its_catalog_is_not_stale(unfinished: Path) -> None:
    flip(log_of(unfinished / CATALOG), 0)
    (unfinished / CATALOG).unlink()
    log, stale = keep_damaged_log(unfinished, Quarantine(unfinished))
    assert (log.lost, stale) == (COMMITS, False)

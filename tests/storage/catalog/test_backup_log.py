"""Where a library was backed up to."""

from contextlib import closing
from pathlib import Path

import pytest

from backups import add, back_up, noted
from wherein.storage.catalog.backup_log import BackupRecord, older_backups, remember_backup
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import now
from wherein.storage.disk.lock import writer_lock


@pytest.fixture
def library(tmp_path: Path) -> Path:
    add(tmp_path / "library", "a", seed=1)
    return tmp_path / "library"


def test_backups_before_a_time_are_listed(library: Path, tmp_path: Path) -> None:
    first = back_up(library, tmp_path / "one")
    between = now()
    while now() == between:
        pass
    second = back_up(library, tmp_path / "two")
    assert noted(library, between) == [first.place]
    assert noted(library) == [first.place, second.place]
    assert noted(library, first.created_at) == []


def test_one_backup_is_recorded_once_however_often_it_is_reported(library: Path) -> None:
    with closing(open_reader(library)) as db:
        for created_at in ("2026-01-02", "2026-01-02", "2026-01-01"):
            remember_backup(library, "/backups/a", created_at)
        assert older_backups(db, "2026-01-03") == [
            BackupRecord(2, "/backups/a", "2026-01-01"),
            BackupRecord(1, "/backups/a", "2026-01-02"),
        ]
        assert older_backups(db, "2026-01-02") == [BackupRecord(2, "/backups/a", "2026-01-01")]


def test_a_backup_is_recorded_while_another_process_holds_the_writer_lock(library: Path) -> None:
    with writer_lock(library), closing(open_reader(library)):
        remember_backup(library, "/backups/a", "2026-01-01")
    assert noted(library) == ["/backups/a"]

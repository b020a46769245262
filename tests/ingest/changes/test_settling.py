"""Files that were written just before they were read are hashed once more when the run ends."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalog_rows import add_source
from wherein.ingest.changes import freshness
from wherein.ingest.changes.freshness import is_settled, state_from, untouched
from wherein.ingest.changes.settling import UnsettledFiles
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.files import FileRecord, find_file, save_file
from wherein.uri import file_uri

SECOND = 1_000_000_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_writer(tmp_path)) as db:
        yield db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time that states are read at, in nanoseconds; it does not pass by itself."""
    now = [time.time_ns()]
    monkeypatch.setattr(freshness.time, "time_ns", lambda: now[0])
    return now


def recorded(db: Database, path: Path, text: bytes = b"a text") -> FileRecord:
    path.write_bytes(text)
    uri, state = file_uri(str(path)), state_from(path.stat())
    source = add_source(db, uri)
    with writing(db, "test"):
        save_file(db, uri, source.id, state, content_hash(text), version="1", state="read")
    return found(db, path)


def found(db: Database, path: Path) -> FileRecord:
    record = find_file(db, file_uri(str(path)))
    assert record is not None
    return record


def settled(db: Database, *records: FileRecord) -> None:
    files = UnsettledFiles()
    for record in records:
        files.note(record.uri, record.state_on_disk)
    files.settle(db)


def test_a_file_that_was_written_just_before_is_untouched_once_the_run_has_lasted(
    db: Database, tmp_path: Path, clock: list[int]
) -> None:
    path = tmp_path / "a.txt"
    record = recorded(db, path)
    assert not is_settled(record.state_on_disk)
    settled(db, record)
    assert found(db, path) == record  # too early
    clock[0] += 3 * SECOND
    settled(db, record)
    after = found(db, path)
    assert is_settled(after.state_on_disk)
    assert untouched(after, state_from(path.stat()))
    assert replace(after, state_on_disk=record.state_on_disk) == record


@pytest.mark.parametrize("change", ["written", "shortened", "removed", "made a folder"])
def test_a_file_that_no_longer_holds_what_was_read_keeps_its_record(
    db: Database, tmp_path: Path, clock: list[int], change: str
) -> None:
    path = tmp_path / "a.txt"
    record = recorded(db, path)
    if change == "written":
        path.write_bytes(b"a next")
        os.utime(path, ns=(record.state_on_disk.mtime_ns,) * 2)
    elif change == "shortened":
        path.write_bytes(b"a")
    else:
        path.unlink()
        if change == "made a folder":
            path.mkdir()
    clock[0] += 3 * SECOND
    settled(db, record)
    assert found(db, path) == record


def test_files_that_were_settled_already_are_not_hashed(
    db: Database, tmp_path: Path, clock: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock[0] += 3 * SECOND
    records = [recorded(db, tmp_path / name) for name in ("a", "b")]
    clock[0] += 3 * SECOND
    monkeypatch.setattr("wherein.ingest.changes.settling.hash_file", None)
    settled(db, *records)
    assert [found(db, tmp_path / name) for name in ("a", "b")] == records


def test_a_page_has_no_file_to_settle(db: Database, clock: list[int]) -> None:
    files, now = UnsettledFiles(), clock[0]
    files.note("https://example.org/", replace(state_from(Path().stat()), mtime_ns=now))
    clock[0] += 3 * SECOND
    files.settle(db)


@pytest.mark.parametrize("moment", ["begun", "written"])
def test_a_run_that_dies_while_it_settles_files_leaves_their_records(
    db: Database, tmp_path: Path, clock: list[int], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    record = recorded(db, tmp_path / "a.txt")
    clock[0] += 3 * SECOND

    def interrupted(name: str) -> None:
        if name == f"ingest.settle.{moment}":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("wherein.storage.catalog.connection.failpoint", interrupted)
        with pytest.raises(KeyboardInterrupt):
            settled(db, record)
    assert found(db, tmp_path / "a.txt") == record
    settled(db, record)
    assert is_settled(found(db, tmp_path / "a.txt").state_on_disk)

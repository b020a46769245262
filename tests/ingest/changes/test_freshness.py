"""Whether a document's file still holds what was read from it."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalog_rows import add_file, add_settled_file, add_source, set_age
from wherein.ingest.changes import freshness as freshness_module
from wherein.ingest.changes.freshness import (
    CHANGED,
    FRESH,
    MISSING,
    UNKNOWN,
    Freshness,
    HashedFiles,
    file_state,
    freshness_of_file,
    looks_stale,
    state_from,
    untouched,
)
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import DocumentRow, find_document, save_document
from wherein.storage.catalog.files import FileRecord, FileState
from wherein.storage.catalog.sources import Source


@pytest.fixture
def source(db: Database) -> Source:
    return add_source(db, "/docs")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a b.txt").write_text("The owner signs.")
    return tmp_path / "a b.txt"


@pytest.fixture
def record(db: Database, source: Source, path: Path) -> FileRecord:
    return add_settled_file(db, source, path)


def test_an_untouched_file_is_fresh(record: FileRecord) -> None:
    assert freshness_of_file(record) == FRESH
    assert not looks_stale(record)


def test_another_size_is_a_change_without_a_look_at_the_content(record: FileRecord, path: Path) -> None:
    path.write_text("The owner has signed.")
    assert freshness_of_file(record) == CHANGED
    assert looks_stale(record)


def test_other_content_of_the_same_size_and_time_is_a_change(record: FileRecord, path: Path) -> None:
    before = path.stat()
    path.write_text("The owner sighs.")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert freshness_of_file(record) == CHANGED
    assert not looks_stale(record)


def test_a_file_whose_time_alone_changed_is_fresh(record: FileRecord, path: Path) -> None:
    set_age(path, 60)
    assert freshness_of_file(record) == FRESH
    assert looks_stale(record)


@pytest.mark.parametrize("place", ["removed", "under a file"])
def test_a_missing_file(db: Database, source: Source, path: Path, place: str) -> None:
    record = add_settled_file(db, source, path)
    path.unlink()
    if place == "under a file":
        path.parent.joinpath("file").write_text("")
        record = replace(record, uri=f"file://{path.parent}/file/below.txt")
    assert freshness_of_file(record) == MISSING
    assert looks_stale(record)


def test_a_folder_in_place_of_the_file_is_a_change(record: FileRecord, path: Path) -> None:
    path.unlink()
    path.mkdir()
    assert freshness_of_file(record) == CHANGED


def test_the_documents_of_a_file_that_could_not_be_read_are_of_an_earlier_version(record: FileRecord) -> None:
    assert freshness_of_file(replace(record, state="failed")) == CHANGED


@pytest.mark.parametrize(
    "changes", [{"uri": "https://example.org/a"}, {"uri": "stdin:a"}, {"uri": "file:///a%00b"}, {"content_hash": None}]
)
def test_what_is_no_readable_file_is_unknown(record: FileRecord, changes: dict[str, str]) -> None:
    assert freshness_of_file(replace(record, **changes)) == UNKNOWN  # type: ignore[arg-type]


def test_a_file_that_was_written_just_before_it_was_read_may_have_changed(record: FileRecord) -> None:
    written = max(record.state_on_disk.mtime_ns, record.state_on_disk.ctime_ns)
    for seconds, expected in ((1, False), (2, False), (3, True)):
        on_disk = replace(record.state_on_disk, checked_ns=written + seconds * 10**9)
        assert untouched(replace(record, state_on_disk=on_disk), on_disk) == expected


@pytest.mark.parametrize("part", ["size", "mtime_ns", "ctime_ns", "inode"])
def test_each_part_of_the_state_counts(record: FileRecord, part: str) -> None:
    on_disk = record.state_on_disk
    assert untouched(record, replace(on_disk, checked_ns=0))
    assert not untouched(record, replace(on_disk, **{part: getattr(on_disk, part) + 1}))


def test_the_state_of_a_file(path: Path) -> None:
    status = path.stat()
    state = state_from(status)
    assert state == FileState(16, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, state.checked_ns)
    assert state.checked_ns >= status.st_mtime_ns


def test_each_file_is_checked_once(db: Database, source: Source, path: Path) -> None:
    record = add_settled_file(db, source, path)
    freshness = Freshness(db)
    document = find_document(db, record.uri)
    assert document is not None
    assert freshness.of_documents([document.id])[document.id] == FRESH
    path.unlink()
    assert freshness.of_documents([document.id])[document.id] == FRESH
    assert Freshness(db).of_documents([document.id])[document.id] == MISSING


def test_a_document_without_a_file_is_unknown(db: Database) -> None:
    with writing(db, "test"):
        number = save_document(db, DocumentRow("stdin:note", None, "", "text/plain", "A note.", {}, (), []))
    assert Freshness(db).of_documents([number])[number] == UNKNOWN


def test_the_records_of_one_file_share_its_freshness(db: Database, source: Source, tmp_path: Path) -> None:
    record = add_file(db, source, f"file://{tmp_path}/none.jsonl", documents=2)
    freshness = Freshness(db)
    documents = [find_document(db, f"{record.uri}#{key}") for key in range(2)]
    assert [freshness.of_documents([document.id])[document.id] for document in documents if document] == [
        MISSING,
        MISSING,
    ]


YEAR_1600, YEAR_2300, YEAR_9999 = -11_676_096_000 * 10**9, 10_413_792_000 * 10**9, 253_370_764_800 * 10**9


@pytest.mark.parametrize("time", [YEAR_1600, YEAR_2300, YEAR_9999, 2**63, -(2**63) - 1])
def test_a_time_beyond_64_bits_is_clamped_and_proves_nothing(record: FileRecord, time: int) -> None:
    for state in (file_state(5, time, 0, 7, 2**62), file_state(5, 0, time, 7, 2**62)):
        assert max(state.mtime_ns, state.ctime_ns, key=abs) == (2**63 - 1 if time > 0 else -(2**63))
        assert not untouched(replace(record, state_on_disk=state), state)


@pytest.mark.parametrize("time", [-1, -(10**18), 0])
def test_a_time_before_1970_is_kept_as_it_is(record: FileRecord, time: int) -> None:
    state = file_state(5, time, time, 7, 10**18)
    assert (state.mtime_ns, state.ctime_ns) == (time, time)
    assert untouched(replace(record, state_on_disk=state), state)


def test_inodes_beyond_63_bits_stay_distinct(record: FileRecord) -> None:
    inodes = (1, 2**63, 2**63 + 1, 2**64 - 1)
    states = [file_state(5, 0, 0, inode, 10**18) for inode in inodes]
    assert [state.inode for state in states] == [1, -(2**63), -(2**63) + 1, -1]
    assert untouched(replace(record, state_on_disk=states[1]), states[1])
    assert not untouched(replace(record, state_on_disk=states[1]), states[2])


# What a hash once showed.


@pytest.fixture
def hashed_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that are hashed; each has settled before."""
    paths, hash_file = list[str](), freshness_module.hash_file
    ahead = time.time_ns() + 60 * 10**9
    monkeypatch.setattr(freshness_module.time, "time_ns", lambda: ahead)

    def counting(path: str, state: FileState) -> bytes:
        paths.append(path)
        return hash_file(path, state)

    monkeypatch.setattr(freshness_module, "hash_file", counting)
    return paths


def verdicts(db: Database, hashed: HashedFiles, uri: str, *, thorough: bool = False) -> str:
    document = find_document(db, uri)
    assert document is not None
    return Freshness(db, hashed, thorough=thorough).of_documents([document.id])[document.id]


def test_a_touched_file_is_hashed_once_for_any_number_of_answers(
    db: Database, record: FileRecord, path: Path, hashed_paths: list[str]
) -> None:
    hashed = HashedFiles()
    set_age(path, 60)
    assert [verdicts(db, hashed, record.uri) for _ in range(3)] == [FRESH] * 3
    assert hashed_paths == [str(path)]
    path.write_text("The owner sighs.")
    assert [verdicts(db, hashed, record.uri) for _ in range(3)] == [CHANGED] * 3
    assert hashed_paths == [str(path)] * 2
    path.unlink()
    assert verdicts(db, hashed, record.uri) == MISSING


def test_a_file_that_may_change_within_its_time_stamp_is_hashed_again(
    db: Database, record: FileRecord, path: Path, hashed_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = HashedFiles()
    set_age(path, 60)
    monkeypatch.setattr(freshness_module.time, "time_ns", lambda: path.stat().st_ctime_ns + 10**9)
    assert [verdicts(db, hashed, record.uri) for _ in range(2)] == [FRESH] * 2
    assert hashed_paths == [str(path)] * 2


@pytest.mark.parametrize(("limit", "verdict"), [(16, FRESH), (15, UNKNOWN), (0, UNKNOWN)])
def test_a_large_file_is_hashed_only_for_who_wants_fresh_passages(
    db: Database, record: FileRecord, path: Path, hashed_paths: list[str], monkeypatch: pytest.MonkeyPatch,
    limit: int, verdict: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(freshness_module, "_MAX_HASHED", limit)
    hashed = HashedFiles()
    set_age(path, 60)
    assert verdicts(db, hashed, record.uri) == verdict
    assert verdicts(db, hashed, record.uri, thorough=True) == FRESH
    assert verdicts(db, hashed, record.uri) == FRESH  # what was learnt is not forgotten
    assert hashed_paths == [str(path)]


def test_all_files_of_an_answer_share_one_limit(
    db: Database, source: Source, tmp_path: Path, hashed_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness_module, "_MAX_HASHED", 40)
    records = []
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("The owner signs.")
        records.append(add_settled_file(db, source, tmp_path / name))
        set_age(tmp_path / name, 60)
    freshness, found = Freshness(db), []
    for record in records:
        document = find_document(db, record.uri)
        assert document is not None
        found.append(freshness.of_documents([document.id])[document.id])
    assert found == [FRESH, FRESH, UNKNOWN]
    assert len(hashed_paths) == 2


def test_a_large_file_of_another_size_is_changed_without_a_look(
    db: Database, record: FileRecord, path: Path, hashed_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness_module, "_MAX_HASHED", 0)
    path.write_text("The owner has signed.")
    assert verdicts(db, HashedFiles(), record.uri) == CHANGED
    assert hashed_paths == []

"""Whether a file need not be read again."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalog_rows import add_settled_file, add_source, set_age
from wherein.ingest.changes.unchanged import changed_unseen, is_current, looks_unchanged, state_of, version_of
from wherein.ingest.chunker import CHUNKER_VERSION
from wherein.ingest.readers.reader import NO_CONTEXT
from wherein.ingest.readers.registry import all_readers
from wherein.ingest.sources.found import FoundFile
from wherein.storage.catalog.fields import Fields
from wherein.storage.catalog.files import REREAD, FileRecord, FileState
from wherein.storage.catalog.reading import AS_USUAL, Reading


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("The owner signs.")
    return tmp_path / "a.txt"


@pytest.fixture
def record(db: Database, path: Path) -> FileRecord:
    return add_settled_file(db, add_source(db, str(path.parent)), path)


def test_versions_name_reader_and_chunker() -> None:
    assert version_of("html-8") == f"html-8/chunker-{CHUNKER_VERSION}"
    assert version_of("") == f"choice-4/chunker-{CHUNKER_VERSION}"


@pytest.mark.parametrize("label", ["", *(reader.bind(NO_CONTEXT).label for reader in all_readers())])
def test_what_a_present_reader_read_is_current(record: FileRecord, label: str) -> None:
    assert is_current(replace(record, version=version_of(label)), AS_USUAL)


@pytest.mark.parametrize("version", [REREAD, "plain-0/chunker-2", "plain-9/chunker-1", "plain-9"])
def test_what_another_version_read_is_not(record: FileRecord, version: str) -> None:
    assert not is_current(replace(record, version=version), AS_USUAL)


def test_fields_matter_to_the_readers_that_use_them(record: FileRecord) -> None:
    label = next(reader.label for reader in all_readers() if reader.name == "csv")
    chosen = Reading(Fields(text="abstract"))
    assert is_current(replace(record, version=version_of(label + chosen.label)), chosen)
    assert not is_current(replace(record, version=version_of(label)), chosen)
    assert not is_current(replace(record, version=version_of(label + chosen.label)), AS_USUAL)
    assert is_current(record, chosen)  # plain text has no fields


def test_an_encoding_matters_to_readers_of_text(record: FileRecord) -> None:
    chosen = Reading(encoding="koi8-r")
    assert not is_current(record, chosen)
    assert is_current(replace(record, version=version_of(next(iter(all_readers())).label + chosen.label)), chosen)
    docx = next(reader.label for reader in all_readers() if reader.name == "docx")
    assert is_current(replace(record, version=version_of(docx)), chosen)


def test_a_found_file_as_it_is_stored() -> None:
    assert state_of(FoundFile("/a", 1, 2, 3, 4), 5) == FileState(size=1, mtime_ns=2, ctime_ns=4, inode=3, checked_ns=5)


def test_a_file_is_opened_unless_it_is_untouched_and_current(record: FileRecord) -> None:
    now = record.state_on_disk
    assert looks_unchanged(record, now, AS_USUAL)
    assert not looks_unchanged(record, replace(now, size=1), AS_USUAL)
    assert not looks_unchanged(replace(record, version=REREAD), now, AS_USUAL)


def test_a_change_that_no_run_would_see(record: FileRecord, path: Path) -> None:
    assert not changed_unseen(record, AS_USUAL)
    assert changed_unseen(replace(record, content_hash=bytes(32)), AS_USUAL)


def test_a_change_that_a_run_sees_is_not_unseen(record: FileRecord, path: Path) -> None:
    other = replace(record, content_hash=bytes(32))
    assert not changed_unseen(replace(other, version=REREAD), AS_USUAL)
    set_age(path, 60)
    assert not changed_unseen(other, AS_USUAL)
    path.unlink()
    assert not changed_unseen(other, AS_USUAL)
    os.mkdir(path)  # noqa: PTH102
    assert not changed_unseen(other, AS_USUAL)
    assert not changed_unseen(replace(other, uri="https://example.org/"), AS_USUAL)

"""Opening a catalog for reading and for writing."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from released_libraries import FIXTURES, unpack
from wherein.errors import LibraryBusy, WhereinError
from wherein.library import Library
from wherein.library.ingesting import RunFactory
from wherein.library.opening import is_library, open_for_reading, open_for_writing, require_library
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.documents import count_documents
from wherein.storage.catalog.schema import NEWEST_SCHEMA, schema_of
from wherein.storage.disk.lock import writer_lock
from wherein.storage.index.generations import KINDS, active_generation


def test_a_reader_cannot_write(runs: RunFactory) -> None:
    db = open_for_reading(runs.folder)
    with pytest.raises(Exception, match="readonly"):
        db.execute("DELETE FROM documents")
    db.close()


def test_a_missing_library_is_not_created_by_a_reader(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    assert not is_library(folder)
    with pytest.raises(WhereinError) as caught:
        open_for_reading(folder)
    assert str(caught.value) == f"There is no library at {folder}; create one with: wherein ingest FOLDER"
    assert not folder.exists()


def test_a_library_that_an_interrupted_restore_moved_aside_is_named(tmp_path: Path) -> None:
    aside = tmp_path / "library.before-restore-20260101T000000Z"
    aside.mkdir()
    (aside / CATALOG).touch()
    with pytest.raises(WhereinError) as caught:
        require_library(tmp_path / "library")
    assert str(caught.value) == (
        f"There is no library at {tmp_path / 'library'}, because a restore was interrupted; run it again, or rename"
        f" {aside} to get the earlier library back"
    )


def test_a_library_that_has_lost_its_catalog_is_still_a_library(runs: RunFactory) -> None:
    (runs.folder / CATALOG).unlink()
    assert is_library(runs.folder)
    require_library(runs.folder)


def test_opening_for_writing_creates_a_library_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "library"
    with open_for_writing(folder, wait=False) as db:
        assert count_documents(db) == 0
    assert is_library(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_created_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "library"
    with pytest.raises(WhereinError) as caught, open_for_writing(folder, wait=False):
        pass
    assert str(caught.value) == f"The library {folder} cannot be created: Not a directory"


def test_one_process_writes_at_a_time(runs: RunFactory) -> None:
    with writer_lock(runs.folder), pytest.raises(LibraryBusy) as caught, open_for_writing(runs.folder, wait=False):
        pass
    assert caught.value.pid == os.getpid()
    with open_for_writing(runs.folder, wait=False):  # free again
        pass


def test_the_write_ahead_log_is_empty_afterwards_even_after_an_error(runs: RunFactory) -> None:
    reader = open_for_reading(runs.folder)  # SQLite empties the log only when the last connection closes

    def delete_one_and_fail() -> None:
        with open_for_writing(runs.folder, wait=False) as db:
            db.execute("DELETE FROM documents WHERE id = 1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        delete_one_and_fail()
    assert (runs.folder / f"{CATALOG}-wal").stat().st_size == 0
    assert count_documents(reader) == 11
    reader.close()


def test_a_library_of_an_old_schema_is_migrated_and_indexed_when_it_is_read(tmp_path: Path) -> None:
    unpack(FIXTURES[0], tmp_path)
    db = open_for_reading(tmp_path)
    assert schema_of(db) == NEWEST_SCHEMA
    assert count_documents(db) == 3
    assert all(active_generation(db, kind) for kind in KINDS)
    db.close()


def test_passages_without_the_order_of_their_words_answer_as_those_with_it(
    tmp_path: Path, compiled_cache: Path
) -> None:
    unpack(next(path for path in FIXTURES if path.name == "library-schema-14.tar.gz"), tmp_path / "older")
    older = Library(tmp_path / "older", cache=compiled_cache)
    newer = Library(tmp_path / "newer", cache=compiled_cache)
    for document in older.documents():
        file = tmp_path / document.uri.rpartition("/")[2].replace("notes.jsonl#bread", "bread.txt")
        _, text, *_ = older.document(document.uri)
        file.write_text(text)
        newer.ingest([str(file)])
    for question in ("who may sign the lease?", "cats", "the owner of the house"):
        answers = [
            [(hit.text, hit.score, hit.overlap) for hit in library.query(question, 3).hits]
            for library in (older, newer)
        ]
        assert answers[0] == answers[1] != []
    for library, count in ((older, 0), (newer, 3)):
        with closing(sqlite3.connect(library.folder / CATALOG)) as db:
            assert db.execute("SELECT count(term_order) FROM terms").fetchone() == (count,)

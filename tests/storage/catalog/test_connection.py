"""Connections and transactions: what is committed, rolled back, seen by readers and refused."""

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save
from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG, open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import document_text, list_documents, save_document


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
def test_writing_takes_everything_back_on_an_error(db: Database, error: type[BaseException]) -> None:
    save(db, document("kept"))

    def fail() -> None:
        with writing(db, "test"):
            save_document(db, document("lost", hashes(0, 3)))
            save_document(db, document("kept", text="changed"))
            raise error

    with pytest.raises(error):
        fail()
    assert [row.uri for row in list_documents(db)] == ["kept"]
    assert document_text(db, 1) == "Some text."
    save(db, document("later"))
    assert [row.uri for row in list_documents(db)] == ["kept", "later"]


def test_what_was_written_survives_closing(tmp_path: Path) -> None:
    first = open_writer(tmp_path)
    save(first, document("a", hashes(0, 2)))
    first.close()
    second = open_writer(tmp_path)
    assert [(row.uri, row.chunks, row.metadata, row.notes) for row in list_documents(second)] == [
        ("a", 2, {"a": [1, None]}, ("note",))
    ]
    second.close()


def test_a_reader_cannot_write(reader: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO settings (key, value) VALUES ('a', 'b')")
    reader.rollback()
    disguised = Database(reader)
    with pytest.raises(sqlite3.OperationalError, match="readonly"), writing(disguised, "test"):
        save_document(disguised, document("a"))
    assert list(list_documents(reader)) == []


def test_a_reader_keeps_its_snapshot_while_the_writer_commits(db: Database, reader: sqlite3.Connection) -> None:
    save(db, document("a"))
    with snapshot(reader):
        assert len(list(list_documents(reader))) == 1
        save(db, document("b"))
        assert len(list(list_documents(reader))) == 1
    assert len(list(list_documents(reader))) == 2


def test_what_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / CATALOG).write_bytes(b"no database at all" * 100)
    with pytest.raises(Damaged):
        open_reader(tmp_path)
    with pytest.raises(Damaged):
        open_writer(tmp_path)

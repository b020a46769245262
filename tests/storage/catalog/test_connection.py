"""Connections and transactions: what is committed, rolled back, seen by readers and refused."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save
from wherein.errors import Damaged, Outdated, WhereinError
from wherein.installation import how_to_upgrade
from wherein.storage.catalog.connection import (
    CATALOG,
    catalog_is_lost,
    checkpoint,
    lenient_text,
    open_beside,
    open_lenient,
    open_reader,
    open_writer,
    snapshot,
    writing,
)
from wherein.storage.catalog.documents import document_text, list_documents, save_document
from wherein.storage.catalog.migrations import MIGRATIONS
from wherein.storage.catalog.schema import NEWEST_SCHEMA, schema_of


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
def test_an_error_inside_writing_rolls_everything_back(db: Database, error: type[BaseException]) -> None:
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


def test_committed_rows_survive_closing(tmp_path: Path) -> None:
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


def test_a_file_that_is_not_a_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / CATALOG).write_bytes(b"no database at all" * 100)
    with pytest.raises(Damaged):
        open_reader(tmp_path)
    with pytest.raises(Damaged):
        open_writer(tmp_path)


def test_the_settings_of_a_writer_make_commits_durable(db: Database) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "cell_size_check")
    assert [db.execute(f"PRAGMA {name}").fetchone()[0] for name in names] == ["wal", 2, 1, 1]


def test_a_connection_beside_the_writer_never_checkpoints(
    db: Database, reader: sqlite3.Connection, tmp_path: Path
) -> None:
    beside = open_beside(tmp_path)
    assert [beside.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "wal_autocheckpoint")] == [2, 0]
    save(beside, document("beside"))
    beside.close()
    assert [row.uri for row in list_documents(db)] == ["beside"]


def test_a_missing_catalog_beside_an_index_is_not_a_new_library(tmp_path: Path) -> None:
    assert not catalog_is_lost(tmp_path)
    (tmp_path / "generations").mkdir()
    (tmp_path / "generations" / "000001.tmp").touch()
    assert not catalog_is_lost(tmp_path)
    (tmp_path / "generations" / "000001.keywords").touch()
    assert catalog_is_lost(tmp_path)
    for opening in (open_reader, open_writer):
        with pytest.raises(Damaged, match="recover the library with: wherein restore"):
            opening(tmp_path)
    assert not (tmp_path / CATALOG).exists()


def test_a_catalog_without_tables_is_not_a_new_library(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / CATALOG, isolation_level=None)) as raw:
        raw.execute("CREATE TABLE t (x)")
        raw.execute("INSERT INTO t VALUES (zeroblob(100000))")
        raw.execute("DROP TABLE t")
    for opening in (open_reader, open_writer):
        with pytest.raises(Damaged, match="has lost its tables; run: wherein verify"):
            opening(tmp_path)


def test_a_file_of_no_bytes_is_a_new_library(tmp_path: Path) -> None:
    (tmp_path / CATALOG).touch()
    open_writer(tmp_path).close()
    with closing(open_reader(tmp_path)) as db:
        assert list_documents(db) == []


def test_a_newer_catalog_is_refused_and_an_older_one_is_left_to_the_writer(tmp_path: Path) -> None:
    with closing(Database(tmp_path / CATALOG)) as old:
        MIGRATIONS.apply(old, stop_before="m0006_coverage")
    with pytest.raises(Outdated, match="has not been migrated yet"):
        open_reader(tmp_path)
    open_writer(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / CATALOG, isolation_level=None)) as raw:
        assert schema_of(raw) == NEWEST_SCHEMA
        raw.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('wherein', ?, '')",
            [f"m{NEWEST_SCHEMA + 1:04}_future"],
        )
    for opening in (open_reader, open_writer):
        with pytest.raises(WhereinError, match=re.escape(f"written by a newer Wherein; {how_to_upgrade()}")):
            opening(tmp_path)


def test_a_network_file_system_is_refused_to_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.storage.catalog.connection.file_system", lambda _: "nfs4")
    with pytest.raises(WhereinError, match=r"is on a network file system \(nfs4\)"):
        open_writer(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_invalid_utf_8_is_read_as_lone_surrogates(db: Database, tmp_path: Path) -> None:
    save(db, document("a"))
    with writing(db, "test"):
        db.execute("UPDATE documents SET title = CAST(x'41ff42' AS TEXT)")
    with closing(open_lenient(tmp_path)) as lenient:
        assert lenient.execute("SELECT title FROM documents").fetchone() == ("A\udcffB",)
    assert lenient_text(b"\xc3\xa4\xff").encode("utf-8", "surrogateescape") == b"\xc3\xa4\xff"


def test_a_snapshot_inside_a_transaction_sees_what_it_will_commit(db: Database) -> None:
    with writing(db, "test"):
        save_document(db, document("a"))
        with snapshot(db) as seen:
            assert len(list_documents(seen)) == 1
    assert len(list_documents(db)) == 1


def test_a_checkpoint_empties_the_log_unless_a_reader_uses_it(db: Database, tmp_path: Path) -> None:
    log = tmp_path / f"{CATALOG}-wal"
    save(db, document("a"))
    assert log.stat().st_size > 0
    assert checkpoint(db)
    assert log.stat().st_size == 0
    with closing(open_reader(tmp_path)) as other, snapshot(other):
        list_documents(other)
        save(db, document("b"))
        db.execute("PRAGMA busy_timeout=1")
        assert not checkpoint(db)
    assert checkpoint(db)

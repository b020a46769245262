"""A purge in its two parts: the transaction, and the rewriting of the files, which can be repeated."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save, store, unit_vectors, vector_ids
from wherein.storage.catalog.connection import open_reader, snapshot, writing
from wherein.storage.catalog.documents import find_document, list_documents
from wherein.storage.catalog.exclusions import PURGED, list_exclusions
from wherein.storage.catalog.files import FileState, find_file, save_file
from wherein.storage.catalog.golden import add_golden, list_golden
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.reindex_runs import begin_run, finish_run, last_run
from wherein.storage.catalog.sources import remember_source
from wherein.storage.catalog.vectors import pack_vectors
from wherein.storage.cleanup.purge import finish_purge, purge, purge_is_unfinished
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, KINDS, active_generation

SECRET = "The brooch lies under the seventh poplar."


@pytest.fixture
def library(db: Database, tmp_path: Path, model: StoredModel) -> Path:
    """Document 1 is secret; it shares a vector with document 2, and vector 5 is an orphan."""
    db.execute("PRAGMA secure_delete=OFF")  # SQLite's default; Debian's build overwrites what is deleted
    store(db, model, hashes(0, 5), unit_vectors(5))
    save(db, document("file:///a", hashes(0, 3), text=SECRET), document("file:///b", hashes(2, 4)))
    write_generation(db, tmp_path, model)
    write_generation(db, tmp_path, model, KEYWORDS)
    return tmp_path


def purge_first(db: Database) -> None:
    found = find_document(db, "file:///a")
    assert found is not None
    purge(db, [found])


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_transaction_removes_all_rows_that_name_or_hold_it(db: Database, library: Path) -> None:
    with writing(db, "test"):
        source = remember_source(db, "/", "path", (), None)
        file_id = save_file(db, "file:///a", source, FileState(0, 0, 0, 0, 0), None, version="", state="read")
        db.execute("UPDATE documents SET file_id = ? WHERE uri = 'file:///a'", [file_id])
    add_golden(db, "where?", "file:///a")
    kept = add_golden(db, "where?", "file:///b")
    finish_run(db, begin_run(db), "done", '{"moved": [{"from": "file:///a", "to": "file:///c"}]}')
    purge_first(db)
    assert [row.uri for row in list_documents(db)] == ["file:///b"]
    assert vector_ids(db) == [3, 4]
    assert [(one.uri, one.kind) for one in list_exclusions(db)] == [("file:///a", "purged")]
    assert list_golden(db) == [kept]
    file = find_file(db, "file:///a")
    assert file is not None
    assert (file.state, file.reason) == ("skipped", PURGED)
    run = last_run(db)
    assert run is not None
    assert run.report == "{}"
    assert purge_is_unfinished(db)


def test_afterwards_no_file_holds_the_text_or_its_vectors(db: Database, library: Path) -> None:
    vectors = pack_vectors(unit_vectors(5))
    assert all(trace in bytes_of(library) for trace in (SECRET.encode(), *vectors))
    purge_first(db)
    assert finish_purge(db, library)
    assert not purge_is_unfinished(db)
    left = bytes_of(library)
    assert SECRET.encode() not in left
    assert [trace in left for trace in vectors] == [False, False, True, True, False]
    assert sorted(path.name for path in (library / "generations").iterdir()) == ["000003.faiss", "000004.keywords"]
    assert [row.uri for row in list_documents(db)] == ["file:///b"]


def test_a_purge_that_a_reader_prevents_stays_unfinished_and_can_be_repeated(db: Database, library: Path) -> None:
    purge_first(db)
    reader = open_reader(library)
    db.execute("PRAGMA busy_timeout=1")
    with snapshot(reader):
        list_documents(reader)
        assert not finish_purge(db, library)
        assert purge_is_unfinished(db)
    reader.close()
    assert finish_purge(db, library)
    assert not purge_is_unfinished(db)
    assert SECRET.encode() not in bytes_of(library)


def test_an_index_without_purged_vectors_is_not_rewritten_and_that_of_words_is(db: Database, library: Path) -> None:
    vectors, keywords = (active_generation(db, kind) for kind in KINDS)
    save(db, document("file:///c", hashes(0, 1), text="Later than the index."))
    assert finish_purge(db, library)
    assert active_generation(db) == vectors
    assert active_generation(db, KEYWORDS) != keywords  # its words may be from an earlier version of what was purged

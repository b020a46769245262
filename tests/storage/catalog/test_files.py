"""The state of each file when it was last ingested."""

from dataclasses import replace

import pytest
from sqlite_utils import Database

from catalog_rows import NOWHERE
from catalogs import document, hashes, save
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import DocumentRow, document_text, find_document, list_documents, save_document
from wherein.storage.catalog.file_sources import files_of_source, unfollowed_files
from wherein.storage.catalog.files import (
    REREAD,
    FileRecord,
    FileState,
    StoredFile,
    delete_file,
    file_of_document,
    files_of_documents,
    find_file,
    find_files_by_content,
    move_file,
    problem_files,
    read_files,
    reread_document,
    reread_file,
    save_file,
    touch_file,
    unreadable_files,
)
from wherein.storage.catalog.golden import add_golden, list_golden
from wherein.storage.catalog.sources import forget_source, remember_source

STATE = FileState(size=10, mtime_ns=2**60, ctime_ns=2**60 + 1, inode=2**62, checked_ns=2**60 + 2)


@pytest.fixture
def source(db: Database) -> int:
    with writing(db, "test"):
        return remember_source(db, "/docs", "path", (), None)


def add(db: Database, uri: str, source: int, *uris: str, content: bytes = b"c", state: str = "read") -> int:
    """Save a file with documents of these URIs."""
    with writing(db, "test"):
        number = save_file(db, uri, source, STATE, content, version="text 1", state=state, reason="why")
    save(db, *(replace(document(name, hashes(0, 2)), file_id=number) for name in uris))
    return number


def record(db: Database, uri: str) -> FileRecord:
    found = find_file(db, uri)
    assert found is not None
    return found


def test_a_file_is_found_as_it_was_saved(db: Database, source: int) -> None:
    number = add(db, "file:///docs/a", source, "file:///docs/a#1", "file:///docs/a#2")
    expected = FileRecord(number, "file:///docs/a", STATE, b"c", "text 1", "read", "why", documents=2)
    assert find_file(db, "file:///docs/a") == expected
    assert find_files_by_content(db, b"c") == list(read_files(db)) == [expected]
    first = find_document(db, "file:///docs/a#1")
    assert first is not None
    assert file_of_document(db, first.id) == expected
    stored = StoredFile(number, "file:///docs/a", STATE, b"c", "text 1", "read", "why")
    assert dict(files_of_documents(db, [first.id, first.id + 1, 99])) == {first.id: stored, first.id + 1: stored}
    assert find_file(db, "file:///docs/b") is None
    assert find_files_by_content(db, b"d") == []


@pytest.mark.parametrize(("documents", "counted"), [(1, 1), (2, 2), (3, 2), (40, 2)])
def test_the_documents_of_a_hits_file_are_counted_up_to_two(
    db: Database, source: int, documents: int, counted: int
) -> None:
    with writing(db, "test"):
        number = save_file(db, "file:///r", source, NOWHERE, b"h" * 16, version="v", state="read", reason="")
        for key in range(documents):
            last = save_document(db, DocumentRow(f"file:///r#{key}", number, "", "text/plain", "t", {}, (), []))
    found, whole = file_of_document(db, last), find_file(db, "file:///r")
    assert found is not None
    assert whole is not None
    assert (found.documents, whole.documents) == (counted, documents)
    assert replace(found, documents=documents) == whole


def test_a_text_from_standard_input_has_no_file(db: Database) -> None:
    (number,) = save(db, document("stdin:note"))
    assert file_of_document(db, number) is None
    assert list(files_of_documents(db, [number])) == []


def test_saving_a_known_uri_keeps_its_id(db: Database, source: int) -> None:
    number = add(db, "file:///a", source)
    with writing(db, "test"):
        again = save_file(db, "file:///a", source, STATE, None, version="2", state="failed", reason="broken")
    assert again == number
    changed = record(db, "file:///a")
    assert (changed.content_hash, changed.version, changed.state, changed.reason) == (None, "2", "failed", "broken")


def test_files_are_listed_by_their_state(db: Database, source: int) -> None:
    add(db, "file:///c", source, state="failed")
    add(db, "file:///b", source, state="read")
    add(db, "file:///a", source, state="skipped")
    assert [file.uri for file in problem_files(db)] == ["file:///a", "file:///c"]
    assert [file.uri for file in read_files(db)] == ["file:///b"]
    assert list(files_of_source(db, source)) == ["file:///a", "file:///b", "file:///c"]
    with writing(db, "test"):
        forget_source(db, source)
    assert list(unfollowed_files(db)) == ["file:///a", "file:///b", "file:///c"]


def test_a_new_stat_changes_nothing_else(db: Database, source: int) -> None:
    number = add(db, "file:///a", source)
    before, later = record(db, "file:///a"), replace(STATE, mtime_ns=5, checked_ns=6)
    with writing(db, "test"):
        touch_file(db, number, later)
    assert record(db, "file:///a") == replace(before, state_on_disk=later)


def test_a_file_is_read_again_by_order(db: Database, source: int) -> None:
    one = add(db, "file:///a", source, "file:///a")
    add(db, "file:///b", source, "file:///b")
    with writing(db, "test"):
        reread_file(db, one, "damaged")
        second = find_document(db, "file:///b")
        assert second is not None
        reread_document(db, second.id)
    first, other = record(db, "file:///a"), record(db, "file:///b")
    assert (first.version, first.state, first.reason) == (REREAD, "failed", "damaged")
    assert (other.version, other.state, other.reason) == (REREAD, "read", "why")


def test_a_moved_file_takes_its_documents_and_golden_questions_along(db: Database, source: int) -> None:
    number = add(db, "file:///docs/a", source, "file:///docs/a", "file:///docs/a#1")
    add_golden(db, "what?", "file:///docs/a#1")
    before = {row.id: row.uri for row in list_documents(db)}
    with writing(db, "test"):
        move_file(db, record(db, "file:///docs/a"), "file:///else/b")
    assert record(db, "file:///else/b").id == number
    assert find_file(db, "file:///docs/a") is None
    after = {row.id: row.uri for row in list_documents(db)}  # their checksums are verified here
    assert after == {key: uri.replace("/docs/a", "/else/b") for key, uri in before.items()}
    assert all(document_text(db, key) for key in after)
    assert [row.uri for row in list_golden(db)] == ["file:///else/b#1"]


def test_a_file_whose_documents_have_other_names_is_not_moved(db: Database, source: int) -> None:
    add(db, "file:///a", source, "file:///b#1")
    with pytest.raises(Damaged, match="file:///a is damaged"), writing(db, "test"):
        move_file(db, record(db, "file:///a"), "file:///c")
    assert find_file(db, "file:///c") is None


def test_a_deleted_file_takes_its_documents_along(db: Database, source: int) -> None:
    number = add(db, "file:///a", source, "file:///a#1", "file:///a#2")
    add(db, "file:///b", source, "file:///b")
    with writing(db, "test"):
        delete_file(db, number)
    assert [row.uri for row in list_documents(db)] == ["file:///b"]
    assert db.execute("SELECT count(*) FROM chunks").fetchone() == (2,)


def test_a_record_with_an_unknown_state_is_damaged(db: Database, source: int) -> None:
    number = add(db, "file:///a", source)
    add(db, "file:///b", source)
    db.execute("PRAGMA ignore_check_constraints=ON")
    with writing(db, "test"):
        db.execute("UPDATE files SET state = 'reed' WHERE id = ?", [number])
    with pytest.raises(Damaged, match=r"^The record of the file file:///a is damaged; run: wherein verify$"):
        find_file(db, "file:///a")
    assert list(unreadable_files(db)) == [(number, "file:///a")]

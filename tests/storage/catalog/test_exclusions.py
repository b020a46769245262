"""What was removed or purged stays away: by its URI, and what was purged also by its content."""

import pytest
from sqlite_utils import Database

from catalog_rows import add_file, add_source
from catalogs import document, save
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import find_document
from wherein.storage.catalog.exclusions import (
    Candidate,
    Excluded,
    count_exclusions,
    exclude,
    files_with_exclusions,
    find_exclusion,
    forget_exclusions_of_file,
    forget_removal,
    has_exclusions,
    is_purged,
    list_exclusions,
    move_exclusions,
    readmit,
    unreadable_exclusions,
)

FILE = "file:///docs/a_b.jsonl"
BYTES = content_hash(b"bytes")


@pytest.fixture
def records(db: Database) -> Database:
    """A file of the records 0, 1 and 2, whose texts are their keys; and a text from standard input."""
    add_file(db, add_source(db, "/docs"), FILE, data=b"bytes", documents=3)
    save(db, document("stdin:note", text="A note."))
    return db


def leave_out(db: Database, kind: str, *uris: str) -> None:
    with writing(db, "test"):
        for uri in uris:
            found = find_document(db, uri)
            assert found is not None
            exclude(db, found.id, uri, kind)


def known(uri: str, text: str, content: bytes | None = None) -> Candidate:
    return Candidate(uri, content_hash(text), content)


def uris(db: Database) -> list[str]:
    return [exclusion.uri for exclusion in list_exclusions(db)]


def test_a_removed_document_is_known_by_its_uri_with_its_text_or_its_file(records: Database) -> None:
    leave_out(records, "removed", f"{FILE}#0")
    assert find_exclusion(records, known(f"{FILE}#0", "0", BYTES)) == Excluded("removed", True)
    assert find_exclusion(records, known(f"{FILE}#0", "0", b"other")) == Excluded("removed", True)
    assert find_exclusion(records, known(f"{FILE}#0", "other", BYTES)) == Excluded("removed", True)
    for other in (known(f"{FILE}#0", "x", b"other"), known(f"{FILE}#9", "0", BYTES), known("file:///c#0", "0", BYTES)):
        assert find_exclusion(records, other) is None
    assert not is_purged(records, f"{FILE}#0")


def test_a_purged_document_is_known_by_its_uri_its_text_and_its_bytes(records: Database) -> None:
    leave_out(records, "purged", f"{FILE}#0", "stdin:note")
    assert find_exclusion(records, known(f"{FILE}#0", "x", b"other")) == Excluded("purged", True)
    for other in (known("file:///c", "0", b"other"), known("file:///c#0", "x", BYTES), known("file:///c", "A note.")):
        assert find_exclusion(records, other) == Excluded("purged", False)
    for other in (known("file:///c#9", "x", BYTES), known("file:///c#0", "x", b"other"), known("stdin:b", "B note.")):
        assert find_exclusion(records, other) is None
    assert is_purged(records, f"{FILE}#0")
    assert not is_purged(records, FILE)


def test_files_with_exclusions_are_found_by_the_content_they_had_and_have(records: Database) -> None:
    assert files_with_exclusions(records, BYTES) == []
    leave_out(records, "removed", f"{FILE}#0", f"{FILE}#2")
    assert files_with_exclusions(records, BYTES) == [FILE]
    with writing(records, "test"):
        records.execute("UPDATE files SET content_hash = ?", [b"other"])
    assert (files_with_exclusions(records, BYTES), files_with_exclusions(records, b"other")) == ([FILE], [FILE])


@pytest.mark.parametrize(
    ("file", "has"),
    [(FILE, True), ("file:///docs/aXb.jsonl", False), ("file:///docs/a_b", False), (f"{FILE}2", False)],
)
def test_exclusions_of_a_file_are_its_own_and_its_records(records: Database, file: str, has: bool) -> None:
    leave_out(records, "removed", f"{FILE}#0", f"{FILE}#2")
    assert has_exclusions(records, file) is has
    with writing(records, "test"):
        forget_exclusions_of_file(records, file)
    assert uris(records) == ([] if has else [f"{FILE}#0", f"{FILE}#2"])


def test_exclusions_follow_a_renamed_file(records: Database) -> None:
    leave_out(records, "removed", f"{FILE}#0")
    leave_out(records, "purged", f"{FILE}#1")
    with writing(records, "test"):
        move_exclusions(records, FILE, "file:///c")
    assert [(found.uri, found.kind) for found in list_exclusions(records)] == [
        ("file:///c#0", "removed"),
        ("file:///c#1", "purged"),
    ]
    assert find_exclusion(records, known(f"{FILE}#0", "0", BYTES)) is None


@pytest.mark.parametrize("kind", ["removed", "purged"])
def test_a_purged_uri_is_not_taken_over(records: Database, kind: str) -> None:
    save(records, document("file:///c#0", text="Another."))
    leave_out(records, "purged", "file:///c#0")
    leave_out(records, kind, f"{FILE}#0")
    with writing(records, "test"):
        move_exclusions(records, FILE, "file:///c")
    assert uris(records) == ["file:///c#0"]
    assert find_exclusion(records, known("file:///d", "Another.")) is not None
    assert (find_exclusion(records, known("file:///d", "0")) is not None) is (kind == "purged")


def test_a_removal_is_forgotten_and_a_purge_is_not(records: Database) -> None:
    leave_out(records, "removed", f"{FILE}#0")
    leave_out(records, "purged", f"{FILE}#1")
    with writing(records, "test"):
        forget_removal(records, f"{FILE}#0")
        forget_removal(records, f"{FILE}#1")
    assert uris(records) == [f"{FILE}#1"]
    assert count_exclusions(records) == 1


def test_who_names_a_document_readmits_its_uri_and_its_text(records: Database) -> None:
    leave_out(records, "purged", f"{FILE}#0", f"{FILE}#1")
    with writing(records, "test"):
        readmit(records, known("file:///c", "0", b"other"))
    # The other URI stays purged, but not the text under a third one.
    assert find_exclusion(records, known(f"{FILE}#0", "0")) is not None
    assert find_exclusion(records, known("file:///d", "0")) is None
    with writing(records, "test"):
        readmit(records, known(f"{FILE}#1", "something else", b"other"))
    # The text that was purged is not the one that came back.
    assert find_exclusion(records, known(f"{FILE}#1", "x")) is None
    assert find_exclusion(records, known("file:///d", "1")) is not None
    assert uris(records) == [f"{FILE}#0"]


def test_a_document_may_be_excluded_again(records: Database) -> None:
    for kind in ("removed", "purged", "removed"):
        leave_out(records, kind, f"{FILE}#0")
        assert [found.kind for found in list_exclusions(records)] == [kind]
    assert find_exclusion(records, known("file:///d", "0")) is not None


def test_rows_that_were_not_stored_are_found(records: Database) -> None:
    leave_out(records, "removed", f"{FILE}#0", f"{FILE}#1", f"{FILE}#2")
    assert list(unreadable_exclusions(records)) == []
    damaged = records.execute("SELECT id, uri, kind, key, text_hash, file_hash, added_at FROM exclusions").fetchall()
    damaged[0] = (*damaged[0][:2], "remoxed", *damaged[0][3:])
    damaged[1] = (*damaged[1][:4], "text", *damaged[1][5:])

    class Damaged:
        def execute(self, *_: object) -> list[tuple[object, ...]]:
            return damaged

    assert [number for number, _ in unreadable_exclusions(Damaged())] == [damaged[0][0], damaged[1][0]]  # type: ignore[arg-type]

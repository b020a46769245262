"""The digest covers all content and nothing else; content that is not what was stored raises."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from small_library import FILE_A, damage, write_small_library
from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash, row_checksum
from wherein.storage.catalog.connection import CATALOG, open_reader, writing
from wherein.storage.catalog.documents import delete_document, move_document
from wherein.storage.repair.content_digest import Content, check_content, check_integrity


def content(folder: Path) -> Content:
    with closing(open_reader(folder)) as db:
        return check_content(db)


def test_what_is_counted(library: Path) -> None:
    found = content(library)
    assert (found.documents, found.chunks, found.vectors) == (3, 4, 4)
    assert re.fullmatch("[0-9a-f]{64}", found.digest)


def test_equal_contents_have_equal_digests_whatever_their_dates_and_files(library: Path, tmp_path: Path) -> None:
    (tmp_path / "twin").mkdir()
    write_small_library(tmp_path / "twin")
    damage(tmp_path / "twin", "UPDATE documents SET added_at = '', changed_at = '', file_id = NULL")
    damage(tmp_path / "twin", "DELETE FROM files", "DELETE FROM sources", "DELETE FROM generations", "VACUUM")
    assert content(tmp_path / "twin") == content(library)


def test_the_digest_of_a_document_that_moved_or_left_is_another(library: Path, library_db: Database) -> None:
    whole = check_content(library_db)
    with writing(library_db, "test"):
        move_document(library_db, 1, "file:///docs/moved.txt")
    moved = check_content(library_db)
    assert (moved.documents, moved.chunks, moved.vectors) == (3, 4, 4)
    with writing(library_db, "test"):
        delete_document(library_db, 1)
    rest = check_content(library_db)
    assert (rest.documents, rest.chunks, rest.vectors) == (2, 2, 4)
    assert len({whole.digest, moved.digest, rest.digest}) == 3


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE texts SET text = text || '.' WHERE document_id = 1", f"The stored text of {FILE_A} is damaged"),
        ("UPDATE documents SET title = 'x' WHERE id = 1", f"The stored record of {FILE_A} is damaged"),
        ("UPDATE chunks SET page = 4 WHERE id = 2", "The stored record of document 1 is damaged"),
        ("UPDATE vectors SET vector = zeroblob(64) WHERE id = 2", "Stored vector 2 is damaged"),
        ("UPDATE vectors SET checksum = 0 WHERE id = 4", "Stored vector 4 is damaged"),
        ("UPDATE terms SET checksum = checksum + 1 WHERE id = 3", "The stored words of passage 3 are damaged"),
        ("UPDATE terms SET term_order = x'0102030405' WHERE id = 2", "The stored words of passage 2 are damaged"),
    ],
)
def test_a_row_that_is_not_what_was_stored_raises(library: Path, statement: str, sentence: str) -> None:
    damage(library, statement)
    with pytest.raises(Damaged) as caught:
        content(library)
    assert str(caught.value) == f"{sentence}; run: wherein verify"


def test_a_passage_whose_hash_is_of_another_text_raises(library: Path, library_db: Database) -> None:
    # Its own checksum fits: only the text shows that the hash is wrong.
    other = content_hash("something else")
    with writing(library_db, "test"):
        library_db.execute(
            "UPDATE chunks SET input_hash = ?, checksum = ? WHERE id = 2",
            [other, row_checksum(1, 1, 34, 63, None, "[]", other)],
        )
    with pytest.raises(Damaged) as caught:
        check_content(library_db)
    assert str(caught.value) == f"A stored passage of {FILE_A} is damaged; run: wherein verify"


@pytest.mark.parametrize("title", ["Title", "title", "x"])
def test_a_passage_may_be_named_with_the_title_that_its_document_has(library_db: Database, title: str) -> None:
    passage = "Her attorney may sign it too."
    name = content_hash(f"{title}\0{passage}")
    with writing(library_db, "test"):
        library_db.execute(
            "UPDATE chunks SET input_hash = ?, checksum = ? WHERE id = 2",
            [name, row_checksum(1, 1, 34, 63, None, "[]", name)],
        )
    if title == "Title":
        assert check_content(library_db).chunks == 4
        return
    with pytest.raises(Damaged, match=f"^A stored passage of {FILE_A} is damaged"):
        check_content(library_db)


def test_integrity_of_a_sound_catalog(library_db: Database) -> None:
    check_integrity(library_db)


def test_a_missing_parent_raises_with_the_row_that_lacks_it(library: Path) -> None:
    damage(library, "DELETE FROM files WHERE id = 2", "DELETE FROM file_sources")
    with closing(open_reader(library)) as db, pytest.raises(Damaged) as caught:
        check_integrity(db)
    assert str(caught.value) == "The catalog is damaged (row 2 of documents); run: wherein verify"


def test_damage_to_the_structure_raises_with_the_first_problem(library: Path) -> None:
    with (library / CATALOG).open("r+b") as file:
        file.seek(36)  # the number of pages in the free list
        file.write((77).to_bytes(4, "big"))
    with closing(open_reader(library)) as db, pytest.raises(Damaged) as caught:
        check_integrity(db)
    sentence = str(caught.value)
    assert sentence.startswith("The catalog is damaged (")
    assert sentence.endswith(" but should be 77); run: wherein verify")
    assert "\n" not in sentence


def test_a_table_whose_first_page_is_zero_is_damage(library: Path) -> None:
    with closing(sqlite3.connect(library / CATALOG)) as raw:
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        (root,) = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'documents'").fetchone()
    with (library / CATALOG).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(bytes(size))
    with closing(open_reader(library)) as db, pytest.raises(Damaged) as caught:
        check_integrity(db)
    assert "\n" not in str(caught.value)

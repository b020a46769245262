"""Each kind of damaged row: the exact finding, and only that."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from small_library import FILE_A, FILE_B, MEMO, PASSAGES, damage
from wherein.errors import Damaged
from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.connection import open_lenient, writing
from wherein.storage.catalog.files import reread_file
from wherein.storage.catalog.titled_texts import TitledText
from wherein.storage.repair.row_check import (
    BadRow,
    Gap,
    check_rows,
    counters,
    passages_without_vector,
    torn_documents,
)


def found(folder: Path) -> list[BadRow | Gap]:
    with closing(open_lenient(folder)) as db:
        return list(check_rows(db, Counter()))


def test_a_sound_library_has_no_bad_rows_and_all_are_counted(library_db: Database) -> None:
    tally: Counter[str] = Counter()
    assert list(check_rows(library_db, tally)) == []
    assert tally == {"documents": 3, "chunks": 4, "vectors": 4}


RECORD = "its record does not fit its checksum"
BLOCKS = "the lines or lengths that are stored with its text are not those that were stored"
PASSAGE = "the record of a passage does not fit its checksum"
BAD_ROWS = {
    "UPDATE documents SET title = 'x' WHERE id = 2": [BadRow("documents", 2, 2, FILE_B, RECORD)],
    "UPDATE documents SET uri = CAST(x'66e9' AS TEXT) WHERE id = 3": [
        BadRow("documents", 3, 3, "f\udce9", RECORD)
    ],
    "UPDATE texts SET text = 'x' || text WHERE document_id = 3": [
        BadRow("documents", 3, 3, MEMO, "its text is not the one that was stored")
    ],
    "UPDATE chunks SET page = 1 WHERE id = 2": [BadRow("chunks", 2, 1, FILE_A, PASSAGE)],
    "UPDATE vectors SET vector = zeroblob(64) WHERE id = 2": [
        BadRow("vectors", 2, None, "", "a vector does not fit its checksum")
    ],
    "UPDATE terms SET counts = x'00' WHERE id = 4": [
        BadRow("terms", 4, 3, MEMO, "the words of a passage, counted and in their order, are not those stored")
    ],
    "DELETE FROM terms WHERE id = 1": [
        BadRow("terms", 1, 1, FILE_A, "the words of a passage, counted and in their order, are not those stored")
    ],
    "DELETE FROM files WHERE id = 1": [
        BadRow("file_sources", 1, None, "", "it belongs to a row of files that is missing", link=True),
        BadRow("documents", 1, None, "", "it belongs to a row of files that is missing", link=True),
    ],
    "UPDATE file_sources SET source_id = 99 WHERE id = 2": [
        BadRow("file_sources", 2, None, "", "it belongs to a row of sources that is missing", link=True)
    ],
    "DELETE FROM documents WHERE id = 3": [
        BadRow("texts", 3, None, "", "it belongs to a row of documents that is missing", link=True),
        BadRow("chunks", 4, None, "", "it belongs to a row of documents that is missing", link=True),
    ],
    "UPDATE texts SET lines = 1 WHERE document_id = 3": [BadRow("texts", 3, 3, MEMO, BLOCKS)],
    "UPDATE texts SET checksum = 1 WHERE document_id = 1": [BadRow("texts", 1, 1, FILE_A, BLOCKS)],
    "UPDATE texts SET number = 1 WHERE document_id = 2": [BadRow("texts", 2, 2, FILE_B, BLOCKS)],
    "UPDATE documents SET characters = 1 WHERE id = 2": [BadRow("texts", 2, 2, FILE_B, BLOCKS)],
    "DELETE FROM texts WHERE document_id = 2": [
        BadRow("documents", 2, 2, FILE_B, "its text is not the one that was stored")
    ],
    "DELETE FROM settings WHERE key = 'model'": [
        BadRow("models", 0, None, "", "it is not known which model the library belongs to"),
        Gap(1, 1, FILE_A, "its passages have no vectors", due=False),
        Gap(2, 2, FILE_B, "its passages have no vectors", due=False),
        Gap(3, None, MEMO, "its passages have no vectors", due=True),
    ],
    "UPDATE models SET name = 'x'": [BadRow("models", 1, None, "", "the model and its second copy differ")],
    "UPDATE sources SET options = '{' WHERE id = 2": [BadRow("sources", 2, None, MEMO, "a source is not readable")],
    "UPDATE generations SET file = '../x' WHERE id = 2": [
        BadRow("generations", 2, None, "", "the record of an index is not readable")
    ],
    "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'documents'": [
        BadRow("sqlite_sequence", 0, None, "documents", "ids could be used twice: the counter is too low")
    ],
    "UPDATE files SET state = 'x' WHERE id = 2": [
        BadRow("files", 2, None, FILE_B, "the record of a file is not readable")
    ],
    "UPDATE files SET uri = 'file:///docs/x' WHERE id = 1": [
        BadRow("files", 1, None, FILE_A, "the record of its file has another name")
    ],
    "DELETE FROM vectors WHERE id = 1": [Gap(1, 1, FILE_A, "1 of its passages have no vector", due=False)],
    "DELETE FROM vectors WHERE id < 3": [Gap(1, 1, FILE_A, "2 of its passages have no vector", due=False)],
    "DELETE FROM vectors WHERE id = 4": [Gap(3, None, MEMO, "1 of its passages have no vector", due=True)],
    "DELETE FROM chunks WHERE id = 2": [Gap(1, 1, FILE_A, "some of its passages are missing", due=False)],
    "DELETE FROM chunks WHERE id = 4": [Gap(3, None, MEMO, "some of its passages are missing", due=True)],
}  # fmt: skip


@pytest.mark.parametrize("statement", BAD_ROWS)
def test_what_is_found(library: Path, statement: str) -> None:
    damage(library, statement)
    if "FROM chunks" in statement:
        for table in ("terms", "sketches"):
            damage(library, f"DELETE FROM {table} WHERE id NOT IN (SELECT id FROM chunks)")
    assert found(library) == BAD_ROWS[statement]


def test_a_gap_is_due_when_the_file_will_be_read_again(library: Path, library_db: Database) -> None:
    with writing(library_db, "test"):
        library_db.execute("DELETE FROM vectors WHERE id = 3")
        reread_file(library_db, 2, "its stored copy was damaged")
    assert found(library) == [Gap(2, 2, FILE_B, "1 of its passages have no vector", due=True)]


def test_vectors_without_any_model_are_named(library: Path) -> None:
    damage(library, "DELETE FROM models", "DELETE FROM settings WHERE key IN ('model', 'model copy')")
    assert BadRow("models", 0, None, "", "there are vectors of a model that is not known") in found(library)


def test_counters_are_the_highest_ids_of_tables_whose_ids_are_never_used_twice(library_db: Database) -> None:
    highest = counters(library_db)
    assert {table: n for table, n in highest.items() if n} == {
        "models": 1, "sources": 2, "files": 2, "documents": 3, "chunks": 4, "vectors": 4, "generations": 2
    }  # fmt: skip
    assert highest["backups"] == 0
    assert "terms" not in highest


def test_torn_documents_are_those_without_a_file(library: Path, library_db: Database) -> None:
    assert list(torn_documents(library_db)) == []
    damage(library, "DELETE FROM chunks WHERE id IN (2, 4)")
    assert list(torn_documents(library_db)) == [(MEMO, "Title", "text/plain", PASSAGES[MEMO][0], "{}", "[]")]
    damage(library, "UPDATE texts SET text = 'x' WHERE document_id = 3")
    assert list(torn_documents(library_db)) == []


def test_passages_without_vector_come_in_batches(library: Path, library_db: Database) -> None:
    assert list(passages_without_vector(library_db, 1, 2)) == []
    damage(library, "DELETE FROM vectors WHERE id <> 2")
    texts = [PASSAGES[FILE_A][0].strip(), PASSAGES[FILE_B][0], PASSAGES[MEMO][0]]
    expected = [TitledText(text) for text in texts]
    assert list(passages_without_vector(library_db, 1, 2)) == [expected[:2], expected[2:]]
    damage(library, "UPDATE texts SET text = 'x' || text WHERE document_id = 2")
    with pytest.raises(Damaged):
        list(passages_without_vector(library_db, 1, 2))


@pytest.fixture
def titled(library_db: Database) -> Database:
    """The library, in which passages 2 and 3 are named with their titles, and have no vector of these names."""
    with writing(library_db, "test"):
        for chunk, passage in ((2, PASSAGES[FILE_A][1]), (3, PASSAGES[FILE_B][0])):
            name = TitledText(passage, "Title").name
            row = library_db.execute(
                'SELECT document_id, ordinal, start, "end", page, heading FROM chunks WHERE id = ?', [chunk]
            ).fetchone()
            library_db.execute(
                "UPDATE chunks SET input_hash = ?, checksum = ? WHERE id = ?", [name, row_checksum(*row, name), chunk]
            )
    return library_db


def test_passages_with_and_without_their_titles_are_sound_and_embedded_as_they_are_named(titled: Database) -> None:
    assert list(check_rows(titled, Counter())) == [
        Gap(1, 1, FILE_A, "1 of its passages have no vector", due=False),
        Gap(2, 2, FILE_B, "1 of its passages have no vector", due=False),
    ]
    expected = [TitledText(PASSAGES[FILE_A][1], "Title"), TitledText(PASSAGES[FILE_B][0], "Title")]
    assert list(passages_without_vector(titled, 1, 2)) == [expected]


@pytest.mark.parametrize("title", ["Other", "", "title"])
def test_a_passage_that_was_embedded_with_another_title_is_found(titled: Database, title: str) -> None:
    with writing(titled, "test"):
        uri, *rest = titled.execute(
            "SELECT uri, media_type, text_hash, metadata, notes FROM documents WHERE id = 2"
        ).fetchone()
        titled.execute(
            "UPDATE documents SET title = ?, checksum = ? WHERE id = 2", [title, row_checksum(uri, title, *rest)]
        )
    assert BadRow("chunks", 3, 2, FILE_B, "a passage is not the one that was embedded") in check_rows(titled, Counter())
    with pytest.raises(Damaged, match=f"^A stored passage of {FILE_B} is damaged; run: wherein verify$"):
        list(passages_without_vector(titled, 1, 2))


@pytest.mark.parametrize("text", ["'x' || text", "replace(text, 'barrel', 'Barrel')", "'Title' || char(0) || text"])
def test_a_wrong_text_of_a_titled_passage_is_found(titled: Database, library: Path, text: str) -> None:
    damage(library, f"UPDATE texts SET text = {text} WHERE document_id = 2")
    assert BadRow("documents", 2, 2, FILE_B, "its text is not the one that was stored") in found(library)
    with pytest.raises(Damaged):
        list(passages_without_vector(titled, 1, 2))

"""Documents and chunks: saved, replaced and deleted as a whole, and checked before they are returned."""

import pytest
from sqlite_utils import Database

from catalogs import Descending, document, hashes, save, store, unit_vectors, vector_ids
from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import (
    ChunkRow,
    DocumentRow,
    count_characters,
    count_chunks,
    count_documents,
    delete_document,
    document_spans,
    document_text,
    document_version,
    documents_of_stream,
    find_document,
    list_documents,
    model_input,
    move_document,
    next_documents,
)
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.term_counts import count_terms
from wherein.storage.catalog.vectors import count_live


def test_document_ids_are_never_reused(db: Database) -> None:
    one, two = save(db, document("one"), document("two"))
    with writing(db, "test"):
        delete_document(db, two)
    (three,) = save(db, document("two"))
    assert one < two < three


def test_a_document_is_replaced_at_once_and_keeps_its_id(db: Database) -> None:
    first, _ = save(db, document("a", hashes(0, 5)), document("b", hashes(2, 4)))
    assert save(db, document("a", hashes(3, 6), text="New text.")) == [first]
    assert [row.input_hash for row in document_spans(db, first)] == hashes(3, 6)
    assert document_spans(db, first)[1] == ChunkRow(1, 2, hashes(4, 5)[0], None, ("Heading", "1"))
    assert document_text(db, first) == "New text."
    assert [(row.uri, row.chunks) for row in list_documents(db)] == [("a", 3), ("b", 2)]


def test_a_deleted_document_takes_its_chunks_along(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 5), unit_vectors(5))
    first, _ = save(db, document("a", hashes(0, 4)), document("b", hashes(3, 5)))
    with writing(db, "test"):
        delete_document(db, first)
    assert document_spans(db, first) == []
    assert count_live(db, model.id) == 2
    assert len(vector_ids(db)) == 5


def test_a_changed_text_is_damaged(db: Database) -> None:
    (number,) = save(db, document("a"))
    with writing(db, "test"):
        db.execute("UPDATE texts SET text = 'Some test.'")
    with pytest.raises(Damaged):
        document_text(db, number)


def row_of(uri: str, text: str, *spans: tuple[int, int]) -> DocumentRow:
    chunks = [ChunkRow(a, b, content_hash(model_input(text, a, b)), 4, ("Part", "Section")) for a, b in spans]
    return DocumentRow(uri, None, "Titel", "text/markdown", text, {"tag": ["ä"]}, ("note",), chunks)


def test_a_listed_document_has_all_columns(db: Database) -> None:
    (number,) = save(db, row_of("file:///a", "Ein Text. Und noch einer.", (0, 9), (9, 25)))
    (listed,) = list_documents(db)
    assert (listed.id, listed.uri, listed.title, listed.media_type) == (number, "file:///a", "Titel", "text/markdown")
    assert (listed.characters, listed.chunks, listed.metadata, listed.notes) == (25, 2, {"tag": ["ä"]}, ("note",))
    assert listed.added_at == listed.changed_at
    assert find_document(db, "file:///a") == find_document(db, str(number)) == listed


@pytest.mark.parametrize("name", ["file:///b", "2", "01x", "", "9" * 19, "9" * 400, "-1", "²"])
def test_an_unknown_name_finds_no_document(db: Database, name: str) -> None:
    save(db, row_of("file:///a", "A text.", (0, 7)))
    assert find_document(db, name) is None


def test_listing_continues_after_a_uri(db: Database) -> None:
    save(db, *(document(f"file:///{n}") for n in (3, 1, 4, 2, 5)))
    assert [row.uri[-1] for row in list_documents(db, limit=2)] == ["1", "2"]
    assert [row.uri[-1] for row in list_documents(db, after="file:///2", limit=2)] == ["3", "4"]
    assert [row.uri[-1] for row in list_documents(db, after="file:///4")] == ["5"]
    assert next_documents(db) == [1, 2, 3, 4, 5]
    assert next_documents(db, after=2, limit=2) == [3, 4]


def test_the_model_input_has_no_white_space_around_it() -> None:
    assert model_input("One. \n Two. ", 4, 12) == "Two."
    assert model_input("One.", 4, 4) == ""


def test_counts_of_documents_chunks_and_characters(db: Database) -> None:
    assert (count_documents(db), count_chunks(db), count_characters(db)) == (0, 0, 0)
    save(db, row_of("a", "Käse", (0, 2), (2, 4)), row_of("b", "東京", (0, 2)))
    assert (count_documents(db), count_chunks(db), count_characters(db)) == (2, 3, 6)


def test_the_documents_of_a_stream_are_those_under_its_name(db: Database) -> None:
    one, first, second, *_ = save(db, *map(document, ("stdin:a", "stdin:a#1", "stdin:a#2", "stdin:ab", "stdin:a_#1")))
    assert documents_of_stream(db, "stdin:a") == {"stdin:a": one, "stdin:a#1": first, "stdin:a#2": second}
    assert documents_of_stream(db, "stdin:") == {}


def test_a_moved_document_passes_its_check(db: Database) -> None:
    (number,) = save(db, row_of("file:///a", "A text.", (0, 7)))
    with writing(db, "test"):
        move_document(db, number, "file:///b")
    (listed,) = list_documents(db)
    assert (listed.id, listed.uri, listed.title) == (number, "file:///b", "Titel")
    assert document_version(db, "file:///a") is None
    assert document_version(db, "file:///b") == (content_hash("A text."), "Titel", '{"tag": ["ä"]}', False)


def test_a_damaged_document_is_neither_listed_nor_moved(db: Database) -> None:
    (number,) = save(db, row_of("file:///a", "A text.", (0, 7)))
    with writing(db, "test"):
        db.execute("UPDATE documents SET title = 'Title'")
    for read in (lambda: list_documents(db), lambda: find_document(db, "1"), lambda: document_version(db, "file:///a")):
        with pytest.raises(Damaged, match=r"^The stored record of file:///a is damaged; run: wherein verify$"):
            read()
    with pytest.raises(Damaged), writing(db, "test"):
        move_document(db, number, "file:///b")


@pytest.mark.parametrize(
    "change", ["start = start + 1", '"end" = "end" - 1', "page = NULL", "ordinal = 1", "heading = '[]'", "checksum = 0"]
)
def test_a_damaged_chunk_is_not_returned(db: Database, change: str) -> None:
    (number,) = save(db, row_of("file:///a", "A text.", (0, 7)))
    with writing(db, "test"):
        db.execute(f"UPDATE chunks SET {change}")
    with pytest.raises(Damaged, match=f"The stored record of document {number} is damaged"):
        document_spans(db, number)


def test_rows_in_another_order_do_not_make_listing_endless(db: Database) -> None:
    save(db, document("a"), document("b"))
    with pytest.raises(Damaged, match="not in the order of their names"):
        list_documents(Descending(db))


def test_the_terms_of_each_chunk_are_counted(db: Database) -> None:
    save(db, row_of("file:///a", "A lease. No lease.", (0, 8), (8, 18)))
    rows = db.execute("SELECT id, counts FROM terms ORDER BY id").fetchall()
    expected = [count_terms(text, ("Part", "Section"), "Titel").counts for text in ("A lease.", " No lease.")]
    assert rows == list(enumerate(expected, start=1))

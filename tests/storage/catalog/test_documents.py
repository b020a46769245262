"""Documents and chunks: saved, replaced and deleted as a whole, and checked before they are returned."""

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save, store, unit_vectors, vector_ids
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, delete_document, document_spans, document_text, list_documents
from wherein.storage.catalog.models import StoredModel
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
        db.execute("UPDATE documents SET text = 'Some test.'")
    with pytest.raises(Damaged):
        document_text(db, number)

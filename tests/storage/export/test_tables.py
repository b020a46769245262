"""Rows of an export hold all of a document, and give it back."""

from dataclasses import replace

import numpy as np
import pytest

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.documents import ChunkRow
from wherein.storage.export.tables import (
    document_of,
    document_row,
    passage_rows,
    record_of,
    record_row,
    schema_of_table,
)
from wherein.storage.store.document import EmbeddedDocument, Record

TEXT = "One. Straße,\n東京 and ¾. Three"
CHUNKS = (
    ChunkRow(0, 12, content_hash("a"), 1, ("Numbers", "¾")),
    ChunkRow(10, len(TEXT), content_hash("b"), None, ()),
)
DOCUMENT = EmbeddedDocument(
    "file:///a%20b.txt#k", "A title", "text/plain", TEXT, CHUNKS, np.array([[1, 0], [-3.5, 2e-8]], np.float32),
    {"year": 2024, "tags": ["ä", 1.5, None], "nested": {"b": True}}, ("a note",), "file:///a%20b.txt",
    Coverage(9, 1, "de", ((2, 5), (7, 9))), "2026-01-01T00:00:00.000+00:00", "2026-01-02T00:00:00.000+00:00",
)  # fmt: skip


def fields(document: EmbeddedDocument) -> dict[str, object]:
    values = {name: getattr(document, name) for name in document.__dataclass_fields__}
    return {**values, "chunks": list(document.chunks), "vectors": document.vectors.tolist()}


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        replace(DOCUMENT, coverage=None, metadata={}, notes=(), file="", title=""),
        replace(DOCUMENT, coverage=Coverage(0, 0, ""), chunks=CHUNKS[:1], vectors=DOCUMENT.vectors[:1]),
    ],
    ids=["all", "little", "one passage"],
)
def test_a_document_comes_back(document: EmbeddedDocument) -> None:
    row, passages = document_row(document), list(passage_rows(document))
    assert row["passages"] == len(passages)
    assert fields(document_of(row, passages, list(document.vectors))) == fields(document)


def test_the_rows_of_passages() -> None:
    first, second = passage_rows(DOCUMENT)
    assert (first["text"], second["text"]) == ("One. Straße,", TEXT[10:])
    assert (first["ordinal"], first["page"], first["heading"]) == (0, 1, ["Numbers", "¾"])
    assert (second["ordinal"], second["page"], second["heading"]) == (1, None, [])
    assert first["document"] == second["document"] == DOCUMENT.key
    assert [first["key"], second["key"]] == DOCUMENT.passage_keys


@pytest.mark.parametrize("value", [{}, {"b": None, "a": "ä"}, {"a": [1, {"c": True}]}])
def test_a_record_comes_back(value: dict[str, object]) -> None:
    record = Record("source", "/docs/ä", value)
    assert record_of(record_row(record)) == record


def test_the_order_of_names_in_json_does_not_count() -> None:
    one, other = {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}
    assert record_row(Record("file", "x", one)) == record_row(Record("file", "x", other))
    assert document_row(replace(DOCUMENT, metadata=one)) == document_row(replace(DOCUMENT, metadata=other))


def test_the_types_of_columns() -> None:
    passages = schema_of_table("passages", 384)
    assert str(passages.field("vector").type) == "fixed_size_list<element: float not null>[384]"
    assert [field.name for field in passages if field.nullable] == ["page"]

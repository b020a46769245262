"""The tables of an export: their columns, and rows of them made of documents and records, and back.

Users read these files with other programs: the columns that were released stay. Times are UTC in ISO 8601; `metadata`,
`recognized` and the `value` of a record are JSON; `start` and `end` count characters of the document's text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.documents import ChunkRow
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.export.arrow import require_arrow
from wherein.storage.export.manifest import DOCUMENTS, PASSAGES, RECORDS
from wherein.storage.store.document import EmbeddedDocument, Record

__all__ = [
    "VECTOR", "Rows", "document_of", "document_row", "passage_rows", "record_of", "record_row", "schema_of_table",
]  # fmt: skip

Rows = dict[str, list[Any]]
"""Some rows of a table by column; without vectors, which are a matrix beside them."""

VECTOR = "vector"

_COLUMNS = {
    DOCUMENTS: (
        "key:string uri:string title:string media_type:string text:string metadata:string notes:strings file:string"
        " added_at:string changed_at:string passages:int64 tokens:int64? unknown:int64? language:string?"
        " recognized:string?"
    ),
    # `input_hash` names the model input: equal inputs have equal vectors.
    PASSAGES: (
        "key:string document:string ordinal:int64 start:int64 end:int64 page:int64? heading:strings input_hash:binary"
        f" text:string {VECTOR}:vector"
    ),
    RECORDS: "kind:string name:string value:string",
}


def schema_of_table(table: str, width: int) -> Any:
    """Return the `pyarrow.Schema` of a table; `width` is that of a vector."""
    arrow = require_arrow()
    kinds = {
        "int64": arrow.int64(),
        "string": arrow.string(),
        "binary": arrow.binary(),
        "strings": arrow.list_(arrow.field("element", arrow.string(), nullable=False)),
        "vector": arrow.list_(arrow.field("element", arrow.float32(), nullable=False), width),
    }
    fields = []
    for column in _COLUMNS[table].split():
        name, _, kind = column.partition(":")
        fields.append(arrow.field(name, kinds[kind.removesuffix("?")], nullable=kind.endswith("?")))
    return arrow.schema(fields)


def document_row(document: EmbeddedDocument) -> dict[str, Any]:
    """Return the row of a document."""
    coverage = document.coverage
    return {
        "key": document.key,
        "uri": document.uri,
        "title": document.title,
        "media_type": document.media_type,
        "text": document.text,
        "metadata": json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True),
        "notes": list(document.notes),
        "file": document.file,
        "added_at": document.added_at,
        "changed_at": document.changed_at,
        "passages": len(document.chunks),
        "tokens": coverage and coverage.tokens,
        "unknown": coverage and coverage.unknown,
        "language": coverage and coverage.language,
        "recognized": coverage and json.dumps(coverage.recognized),
    }


def passage_rows(document: EmbeddedDocument) -> Iterator[dict[str, Any]]:
    """Yield the rows of a document's passages, without their vectors."""
    for ordinal, (key, chunk) in enumerate(zip(document.passage_keys, document.chunks, strict=True)):
        yield {
            "key": key,
            "document": document.key,
            "ordinal": ordinal,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "heading": list(chunk.heading),
            "input_hash": chunk.input_hash,
            "text": document.text[chunk.start : chunk.end],
        }


def document_of(row: dict[str, Any], passages: Sequence[dict[str, Any]], vectors: Sequence[Matrix]) -> EmbeddedDocument:
    """Return the document of a row, with its passages in order and their vectors."""
    coverage = None
    if row["tokens"] is not None:
        spans = tuple((start, end) for start, end in json.loads(row["recognized"]))
        coverage = Coverage(row["tokens"], row["unknown"], row["language"], spans)
    chunks = [
        ChunkRow(one["start"], one["end"], one["input_hash"], one["page"], tuple(one["heading"])) for one in passages
    ]
    return EmbeddedDocument(
        row["uri"],
        row["title"],
        row["media_type"],
        row["text"],
        chunks,
        np.array(vectors, np.float32),
        json.loads(row["metadata"]),
        tuple(row["notes"]),
        row["file"],
        coverage,
        row["added_at"],
        row["changed_at"],
    )


def record_row(record: Record) -> dict[str, Any]:
    """Return the row of a record."""
    value = json.dumps(dict(record.value), ensure_ascii=False, sort_keys=True)
    return {"kind": record.kind, "name": record.name, "value": value}


def record_of(row: dict[str, Any]) -> Record:
    """Return the record of a row."""
    return Record(row["kind"], row["name"], json.loads(row["value"]))

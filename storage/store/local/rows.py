"""Documents and passages of a catalog, as a store returns them. Everything here is called inside a snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.coverage import coverage_of, recognized_spans
from wherein.storage.catalog.documents import check_document, document_spans, document_text
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.texts import Span, read_spans
from wherein.storage.catalog.vectors import Matrix, checked_vectors
from wherein.storage.store.document import DocumentEntry, EmbeddedDocument, PassageRow
from wherein.storage.store.keys import document_key, passage_key, version_key

__all__ = ["ChunkKeys", "chunks_of_documents", "embedded_document", "entries_of", "passage_rows"]

_ENTRIES = (
    "SELECT d.id, d.uri, d.title, d.media_type, d.text_hash, d.characters, d.metadata, d.notes, coalesce(f.uri, ''),"
    " d.added_at, d.changed_at, d.checksum"
    " FROM documents d LEFT JOIN files f ON f.id = d.file_id WHERE d.id IN ({})"
)
_CHUNKS = (
    'SELECT c.id, c.document_id, c.ordinal, c.start, c."end", c.page, c.heading, c.input_hash, d.uri, d.title,'
    " d.media_type, d.metadata, d.notes FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.id IN ({})"
)
_VECTORS = (
    "SELECT c.id, v.id, v.input_hash, v.vector, v.checksum FROM chunks c"
    " CROSS JOIN vectors v ON v.model_id = ? AND v.input_hash = c.input_hash WHERE c.id IN ({})"
)


class _Entry(NamedTuple):
    id: int
    uri: str
    title: str
    media_type: str
    text_hash: bytes
    characters: int
    metadata: str
    notes: str
    file: str
    added_at: str
    changed_at: str
    checksum: int


class _Chunk(NamedTuple):
    id: int
    document: int
    ordinal: int
    start: int
    end: int
    page: int | None
    heading: str
    input_hash: bytes
    uri: str
    title: str
    media_type: str
    metadata: str
    notes: str

    @property
    def span(self) -> Span:
        return Span(self.document, self.start, self.end)


class ChunkKeys(NamedTuple):
    """The ids of a passage and its document, and the key of the passage."""

    chunk: int
    document: int
    key: str


def entries_of(db: Catalog, documents: Sequence[int]) -> list[DocumentEntry]:
    """Return documents by their ids, in the order of these; one that is not stored is missing."""
    rows = {row[0]: _Entry(*row) for row in select_in(db, _ENTRIES, documents)}
    return [_entry(db, rows[number]) for number in documents if number in rows]


def _entry(db: Catalog, row: _Entry) -> DocumentEntry:
    chunks = document_spans(db, row.id)
    version = version_key((row.title, row.media_type, row.metadata, row.notes), row.text_hash, chunks)
    return DocumentEntry(
        document_key(row.uri), version, row.uri, row.title, row.media_type, row.characters, len(chunks),
        json.loads(row.metadata), tuple(json.loads(row.notes)), row.file, row.added_at, row.changed_at, row.text_hash,
        coverage_of(db, row.id),
    )  # fmt: skip


def embedded_document(db: Catalog, model: StoredModel, document: int) -> EmbeddedDocument:
    """Return a document with its vectors. Raises Damaged when something is not what was stored, or a vector is lost."""
    (row,) = [_Entry(*row) for row in select_in(db, _ENTRIES, [document])]
    check_document(row.uri, row.title, row.media_type, row.text_hash, row.metadata, row.notes, row.checksum)
    chunks = document_spans(db, document)
    vectors = _vectors_of(db, model, [number for number, _ in _numbered(db, document)])
    if len(vectors) != len(chunks):
        raise Damaged(f"A vector of {row.uri} is lost; run: wherein repair, and then: wherein reindex")
    return EmbeddedDocument(
        row.uri, row.title, row.media_type, document_text(db, document), chunks,
        np.array(list(vectors.values()), np.float32).reshape(len(chunks), model.dimension), json.loads(row.metadata),
        tuple(json.loads(row.notes)), row.file, coverage_of(db, document), row.added_at, row.changed_at,
    )  # fmt: skip


def _numbered(db: Catalog, document: int) -> list[tuple[int, int]]:
    """Return id and ordinal of each chunk of a document, in order."""
    return db.execute("SELECT id, ordinal FROM chunks WHERE document_id = ? ORDER BY ordinal", [document]).fetchall()


def _vectors_of(db: Catalog, model: StoredModel, chunks: Sequence[int]) -> dict[int, Matrix]:
    """Return the vectors of chunks, in their order; one that has none is missing."""
    rows = list(select_in(db, _VECTORS, chunks, model.id))
    _, vectors = checked_vectors(model.dimension, [row[1:] for row in rows])
    found = {int(row[0]): vector for row, vector in zip(rows, vectors, strict=True)}
    return {chunk: found[chunk] for chunk in chunks if chunk in found}


def passage_rows(db: Catalog, model: StoredModel | None, chunks: Sequence[int]) -> list[PassageRow]:
    """Return passages by the ids of their chunks, in the order of these; with vectors if `model` is given.

    Raises Damaged when a text is not what was stored.
    """
    rows = {row[0]: _Chunk(*row) for row in select_in(db, _CHUNKS, chunks)}
    ordered = [rows[chunk] for chunk in chunks if chunk in rows]
    texts = read_spans(db, [row.span for row in ordered])
    documents = list({row.document for row in ordered})
    recognized = recognized_spans(db, documents)
    versions = {entry.uri: entry.version for entry in entries_of(db, documents)}
    vectors = _vectors_of(db, model, list(rows)) if model else {}
    return [
        _passage(row, text.text, text.line, versions[row.uri], recognized.get(row.document, ()), vectors.get(row.id))
        for row, text in zip(ordered, texts, strict=True)
    ]


def _passage(
    row: _Chunk, text: str | None, line: int, version: str, recognized: Sequence[tuple[int, int]], vector: Matrix | None
) -> PassageRow:
    if text is None:
        raise Damaged(f"The stored text of {row.uri} is damaged; run: wherein verify")
    key = document_key(row.uri)
    return PassageRow(
        key=passage_key(key, row.ordinal, text),
        document=key,
        version=version,
        uri=row.uri,
        title=row.title,
        media_type=row.media_type,
        metadata=json.loads(row.metadata),
        ordinal=row.ordinal,
        start=row.start,
        end=row.end,
        line=line,
        page=row.page,
        heading=tuple(json.loads(row.heading)),
        input_hash=row.input_hash,
        recognized=any(start < row.end and row.start < end for start, end in recognized),
        text=text,
        vector=vector,
    )


def chunks_of_documents(db: Catalog, documents: Sequence[int]) -> Iterator[ChunkKeys]:
    """Yield the passages of documents with their keys, document by document, in no order within one."""
    for document in documents:
        ((uri,),) = db.execute("SELECT uri FROM documents WHERE id = ?", [document]).fetchall() or ((None,),)
        if uri is None:
            continue
        key, numbered = document_key(uri), _numbered(db, document)
        spans: list[Any] = document_spans(db, document)
        texts = read_spans(db, [Span(document, chunk.start, chunk.end) for chunk in spans])
        for (chunk, ordinal), text in zip(numbered, texts, strict=True):
            yield ChunkKeys(chunk, document, passage_key(key, ordinal, text.text or ""))

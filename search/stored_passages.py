"""Passages with their texts, as stored: each block of text and each document's record is read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wherein.search.hits import StoredPassage
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.raw_chunks import CHUNK_COLUMNS, RawChunk
from wherein.storage.catalog.texts import read_spans

__all__ = ["MAX_LENGTH", "read_passages"]

MAX_LENGTH = 20_000
"""Characters of a passage that are compared with a question or another passage; only an odd text has a longer one."""

_CHUNKS = f"SELECT {CHUNK_COLUMNS} FROM chunks WHERE id IN ({{}})"
_DOCUMENTS = (
    "SELECT d.id, d.uri, d.title, d.media_type, d.text_hash, d.metadata, d.notes, d.checksum FROM documents d"
    " WHERE d.id IN ({})"
)


class _Document(NamedTuple):
    """A row of `documents`, unchecked."""

    id: int
    uri: str
    title: str
    media_type: str
    text_hash: bytes
    metadata: str
    notes: str
    checksum: int


def read_passages(db: Catalog, chunks: Sequence[int]) -> Iterator[StoredPassage]:
    """Yield passages by their ids, unchecked, in no order; one that is not stored is missing.

    `text` is None where it is lost or damaged. Call inside a snapshot.
    """
    found = [RawChunk(*row) for row in select_in(db, _CHUNKS, chunks)]
    documents = {row[0]: _Document(*row) for row in select_in(db, _DOCUMENTS, list({one.document_id for one in found}))}
    texts = read_spans(db, [chunk.span for chunk in found])
    for chunk, text in zip(found, texts, strict=True):
        if document := documents.get(chunk.document_id):
            yield StoredPassage(
                chunk.id, document.id, document.uri, chunk.ordinal, chunk.start, chunk.end, chunk.page, chunk.heading,
                chunk.input_hash, chunk.checksum, document.title, document.media_type, document.text_hash,
                document.metadata, document.notes, document.checksum, text.text, text.line,
            )  # fmt: skip

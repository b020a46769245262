"""Passages with their texts, as stored: the text of a document is read once, however many of its passages are wanted.

SQLite finds a passage in a text only by reading all that comes before it, and what follows the text in its row only
behind it. Of a text of 8 MB with 5,000 passages, it would read 40 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from wherein.search.hits import StoredPassage
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog

__all__ = ["LONGEST", "read_passages"]

LONGEST = 20_000
"""Characters of a passage that are compared with a question or another passage; only an odd text has a longer one."""

_CHUNKS = (
    'SELECT c.id, c.document_id, c.ordinal, c.start, c."end", c.page, c.heading, c.input_hash, c.checksum'
    " FROM chunks c WHERE c.id IN ({})"
)
# As bytes, because a damaged text may be invalid UTF-8; passages before the damage are still sound.
_DOCUMENT = (
    "SELECT typeof(d.text), CAST(d.text AS BLOB), d.uri, d.title, d.media_type, d.text_hash, d.metadata, d.notes,"
    " d.checksum FROM documents d WHERE d.id = ?"
)


class _Chunk(NamedTuple):
    """A row of `chunks`, unchecked: after damage a column may hold anything."""

    id: int
    document: int
    ordinal: int
    start: int
    end: int
    page: int | None
    heading: str
    input_hash: bytes
    checksum: int


class _Document(NamedTuple):
    """A row of `documents`, unchecked; `text` is None where the column holds no text."""

    text: str | None
    uri: str
    title: str
    media_type: str
    text_hash: bytes
    metadata: str
    notes: str
    checksum: int


def read_passages(db: Catalog, chunks: Sequence[int]) -> Iterator[StoredPassage]:
    """Yield passages by their ids, unchecked, document by document; one that is not stored is missing.

    Call inside a snapshot.
    """
    by_document: dict[int, list[_Chunk]] = {}
    for row in select_in(db, _CHUNKS, chunks):
        chunk = _Chunk(*row)
        by_document.setdefault(chunk.document, []).append(chunk)
    for number, own in by_document.items():
        if document := _read_document(db, number):
            yield from _passages(document, own)


def _read_document(db: Catalog, number: int) -> _Document | None:
    row = db.execute(_DOCUMENT, [number]).fetchone()
    if row is None:
        return None
    kind, text, *columns = row
    return _Document(text.decode("utf-8", "replace") if kind == "text" else None, *columns)


def _passages(document: _Document, chunks: Iterable[_Chunk]) -> Iterator[StoredPassage]:
    text, line, counted = document.text or "", 1, 0
    for chunk in sorted(chunks, key=_start):  # in their order, so that each line is counted once
        start = _start(chunk)
        line += text.count("\n", counted, start)
        counted = max(counted, start)
        yield StoredPassage(
            chunk.id, chunk.document, document.uri, chunk.ordinal, chunk.start, chunk.end, chunk.page, chunk.heading,
            chunk.input_hash, chunk.checksum, document.title, document.media_type, document.text_hash,
            document.metadata, document.notes, document.checksum, _text(document, chunk), line,
        )  # fmt: skip


def _start(chunk: _Chunk) -> int:
    return chunk.start if isinstance(chunk.start, int) else 0


def _text(document: _Document, chunk: _Chunk) -> str | None:
    if document.text is None or not isinstance(chunk.start, int) or not isinstance(chunk.end, int):
        return None
    return document.text[chunk.start : chunk.end]

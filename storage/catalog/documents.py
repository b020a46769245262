"""The `documents` and `chunks` tables: texts, and the spans of them that vectors stand for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash, is_named, row_checksum
from wherein.storage.catalog.coverage import Coverage, save_coverage
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import count_terms, save_terms

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "ChunkRow",
    "DocumentRow",
    "StoredDocument",
    "check_document",
    "checked_chunk",
    "chunk_text",
    "count_characters",
    "count_chunks",
    "count_documents",
    "delete_document",
    "document_spans",
    "document_text",
    "document_version",
    "documents_of_file",
    "documents_of_stream",
    "each_document_of_file",
    "find_document",
    "list_documents",
    "model_input",
    "move_document",
    "next_documents",
    "save_chunks",
    "save_document",
]


@dataclass(frozen=True)
class ChunkRow:
    """Characters `start` to `end` of a document's text; `input_hash` names the text given to the model."""

    start: int
    end: int
    input_hash: bytes
    page: int | None
    heading: tuple[str, ...]


@dataclass(frozen=True)
class DocumentRow:
    """A document as it is to be saved."""

    uri: str
    file_id: int | None
    title: str
    media_type: str
    text: str
    metadata: Mapping[str, Any]
    notes: tuple[str, ...]
    chunks: Sequence[ChunkRow]
    coverage: Coverage | None = None


@dataclass(frozen=True)
class StoredDocument:
    """A document as it is listed; `characters` counts its text."""

    id: int
    uri: str
    title: str
    media_type: str
    characters: int
    chunks: int
    metadata: dict[str, Any]
    notes: tuple[str, ...]
    added_at: str
    changed_at: str


def model_input(text: str, start: int, end: int) -> str:
    """Return what the model is given for characters `start` to `end`: the passage without surrounding blanks."""
    return text[start:end].strip()


def save_document(db: Database, document: DocumentRow) -> int:
    """Put a document in place of its earlier version, all at once; return its id. Call inside `writing`.

    The id of a known uri stays what it is.
    """
    stamp = now()
    text_hash = content_hash(document.text)
    metadata, notes = _json(dict(document.metadata)), _json(document.notes)
    described = (document.uri, document.title, document.media_type, text_hash, metadata, notes)
    db.execute(
        "INSERT INTO documents (uri, title, media_type, text_hash, metadata, notes, checksum, file_id, text, added_at,"
        " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uri) DO UPDATE SET"
        " file_id = excluded.file_id, title = excluded.title, media_type = excluded.media_type,"
        " text = excluded.text, text_hash = excluded.text_hash, metadata = excluded.metadata,"
        " notes = excluded.notes, checksum = excluded.checksum, changed_at = excluded.changed_at",
        [*described, row_checksum(*described), document.file_id, document.text, stamp, stamp],
    )
    document_id = int(db.execute("SELECT id FROM documents WHERE uri = ?", [document.uri]).fetchone()[0])
    save_chunks(db, document_id, document.chunks)
    if document.coverage:
        save_coverage(db, document_id, document.coverage)
    return document_id


def save_chunks(db: Database, document_id: int, chunks: Sequence[ChunkRow]) -> None:
    """Put a document's chunks in place of those that it has. Call inside `writing`."""
    db.execute("DELETE FROM chunks WHERE document_id = ?", [document_id])
    db.conn.executemany(
        'INSERT INTO chunks (document_id, ordinal, start, "end", page, heading, input_hash, checksum)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            [*row, row_checksum(*row)]
            for row in (
                (document_id, ordinal, c.start, c.end, c.page, _json(c.heading), c.input_hash)
                for ordinal, c in enumerate(chunks)
            )
        ),
    )
    _save_terms(db, document_id, chunks)


def _save_terms(db: Database, document_id: int, chunks: Sequence[ChunkRow]) -> None:
    title, text = db.execute("SELECT title, text FROM documents WHERE id = ?", [document_id]).fetchone()
    numbers = db.execute("SELECT id FROM chunks WHERE document_id = ? ORDER BY ordinal", [document_id]).fetchall()
    save_terms(
        db,
        (
            (number, count_terms(text[chunk.start : chunk.end], chunk.heading, title))
            for (number,), chunk in zip(numbers, chunks, strict=True)
        ),
    )


def move_document(db: Database, document_id: int, uri: str) -> None:
    """Give a document its new uri; nothing else changes. Call inside `writing`."""
    old, *described = db.execute(
        "SELECT uri, title, media_type, text_hash, metadata, notes, checksum FROM documents WHERE id = ?",
        [document_id],
    ).fetchone()
    *others, checksum = described
    _check(old, checksum, old, *others)
    db.execute(
        "UPDATE documents SET uri = ?, checksum = ? WHERE id = ?", [uri, row_checksum(uri, *others), document_id]
    )
    db.execute("UPDATE OR IGNORE golden SET uri = ? WHERE uri = ?", [uri, old])


def next_documents(db: Catalog, after: int = 0, limit: int = 500) -> list[int]:
    """Return the ids of documents that follow the id `after`, ascending, at most `limit`."""
    rows = db.execute("SELECT id FROM documents WHERE id > ? ORDER BY id LIMIT ?", [after, limit]).fetchall()
    return [int(row[0]) for row in rows]


def count_characters(db: Catalog) -> int:
    """Return the length of all texts together; every one of them is read."""
    return int(db.execute("SELECT coalesce(sum(length(text)), 0) FROM documents").fetchone()[0])


def delete_document(db: Database, document_id: int) -> None:
    """Delete a document and its chunks; vectors stay for cleanup. Call inside `writing`."""
    db.execute("DELETE FROM documents WHERE id = ?", [document_id])


def documents_of_file(db: Catalog, file_id: int) -> dict[str, int]:
    """Return the ids of a file's documents by uri."""
    return dict(db.execute("SELECT uri, id FROM documents WHERE file_id = ? ORDER BY id", [file_id]).fetchall())


def each_document_of_file(db: Catalog, file_id: int) -> Iterator[tuple[str, int]]:
    """Yield the same one by one; there may be a million of them."""
    rows = db.execute("SELECT uri, id FROM documents WHERE file_id = ? ORDER BY id", [file_id])
    while part := rows.fetchmany(1_000):
        yield from part


def documents_of_stream(db: Catalog, uri: str) -> dict[str, int]:
    """Return the ids of the documents that came on standard input under `uri`, by uri."""
    inside = f"{uri}#"
    rows = db.execute(
        "SELECT uri, id FROM documents WHERE file_id IS NULL AND (uri = ? OR substr(uri, 1, ?) = ?) ORDER BY id",
        [uri, len(inside), inside],
    )
    return dict(rows.fetchall())


_DIGITS = 19  # SQLite's integers have at most so many
_LISTED = (
    "SELECT d.id, d.uri, d.title, d.media_type, d.text_hash, d.metadata, d.notes, d.checksum, length(d.text),"
    " (SELECT count(*) FROM chunks c WHERE c.document_id = d.id), d.added_at, d.changed_at"
    " FROM documents d"
)


def list_documents(db: Catalog, after: str = "", limit: int = 1_000) -> list[StoredDocument]:
    """Return the next documents by uri, at most `limit`, that follow the uri `after`."""
    rows = db.execute(f"{_LISTED} WHERE d.uri > ? ORDER BY d.uri LIMIT ?", [after, limit])
    found = [_stored(*row) for row in rows.fetchall()]
    if any(one >= next_one for one, next_one in pairwise([after, *(document.uri for document in found)])):
        raise Damaged("The documents are not in the order of their names; run: wherein verify")  # or it never ends
    return found


def find_document(db: Catalog, name: str) -> StoredDocument | None:
    """Return the document with this uri, or with this id when `name` is a number."""
    number = int(name) if name.isdecimal() and len(name) < _DIGITS else -1
    found = db.execute(f"{_LISTED} WHERE d.uri = ? OR d.id = ?", [name, number]).fetchone()
    return _stored(*found) if found else None


def document_version(db: Catalog, uri: str) -> tuple[bytes, str, str, bool] | None:
    """Return text hash, title, metadata (JSON) of a document, and whether its file was wholly read."""
    row = db.execute(
        "SELECT d.title, d.media_type, d.text_hash, d.metadata, d.notes, d.checksum, f.state = 'read' FROM documents d"
        " LEFT JOIN files f ON f.id = d.file_id WHERE d.uri = ?",
        [uri],
    ).fetchone()
    if row is None:
        return None
    *described, read = row
    check_document(uri, *described)
    title, _, text_hash, metadata, *_ = described
    return text_hash, title, metadata, bool(read)


def document_text(db: Catalog, document_id: int) -> str:
    """Return a document's text. Raises Damaged when it is not the text that was stored."""
    uri, text, text_hash = db.execute(
        "SELECT uri, text, text_hash FROM documents WHERE id = ?", [document_id]
    ).fetchone()
    if not is_named(text, text_hash):
        raise Damaged(f"The stored text of {uri} is damaged; run: wherein verify")
    return str(text)


def document_spans(db: Catalog, document_id: int) -> list[ChunkRow]:
    """Return a document's chunks in order. Raises Damaged when one is not what was stored."""
    rows = db.execute(
        'SELECT ordinal, start, "end", page, heading, input_hash, checksum FROM chunks'
        " WHERE document_id = ? ORDER BY ordinal",
        [document_id],
    )
    return [checked_chunk(f"document {document_id}", document_id, *row) for row in rows.fetchall()]


def checked_chunk(
    uri: str, document_id: int, ordinal: int, start: int, end: int, page: int | None, heading: str,
    input_hash: bytes, checksum: int,
) -> ChunkRow:  # fmt: skip
    """Return a chunk from its columns. Raises Damaged when they are not what was stored."""
    _check(uri, checksum, document_id, ordinal, start, end, page, heading, input_hash)
    return ChunkRow(start, end, input_hash, page, tuple(json.loads(heading)))


def check_document(
    uri: str, title: str, media_type: str, text_hash: bytes, metadata: str, notes: str, checksum: int
) -> None:
    """Raise Damaged when a document's columns are not what was stored."""
    _check(uri, checksum, uri, title, media_type, text_hash, metadata, notes)


def _check(uri: str, checksum: int, *values: object) -> None:
    if row_checksum(*values) != checksum:
        raise Damaged(f"The stored record of {uri} is damaged; run: wherein verify")


def chunk_text(uri: str, text: object, input_hash: bytes) -> str:
    """Return a chunk's text after checking that it is what was embedded. Raises Damaged otherwise."""
    # A flipped bit can make it a blob, which has the same hash; of a lost row it is None.
    if not isinstance(text, str) or not is_named(text.strip(), input_hash):
        raise Damaged(f"A stored passage of {uri} is damaged; run: wherein verify")
    return text


def count_documents(db: Catalog) -> int:
    """Return the number of documents."""
    return int(db.execute("SELECT count(*) FROM documents").fetchone()[0])


def count_chunks(db: Catalog) -> int:
    """Return the number of chunks."""
    return int(db.execute("SELECT count(*) FROM chunks").fetchone()[0])


def _stored(
    document_id: int, uri: str, title: str, media_type: str, text_hash: bytes, metadata: str, notes: str,
    checksum: int, characters: int, chunks: int, added_at: str, changed_at: str,
) -> StoredDocument:  # fmt: skip
    check_document(uri, title, media_type, text_hash, metadata, notes, checksum)
    return StoredDocument(
        document_id, uri, title, media_type, characters, chunks, json.loads(metadata), tuple(json.loads(notes)),
        added_at, changed_at,
    )  # fmt: skip


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

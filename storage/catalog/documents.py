"""The `documents` and `chunks` tables: texts, and the spans of them that are embedded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from wherein.errors import Damaged
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.checksums import content_hash, is_named, row_checksum
from wherein.storage.catalog.coverage import Coverage, save_coverage
from wherein.storage.catalog.derived import Derived, Passage, derive, save_derived
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.texts import delete_text, insert_text, read_text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "ChunkRow",
    "DocumentRow",
    "StoredDocument",
    "check_document",
    "checked_chunk",
    "chunks_around",
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
    "each_uri",
    "find_document",
    "find_documents",
    "list_documents",
    "model_input",
    "move_document",
    "next_documents",
    "passages_of",
    "save_chunks",
    "save_document",
    "spans_around",
    "uri_and_title",
]


@dataclass(frozen=True)
class ChunkRow:
    """Characters `start` to `end` of a document's text; `input_hash` is the name of the model input (`TitledText`)."""

    start: int
    end: int
    input_hash: bytes
    page: int | None
    heading: tuple[str, ...]


@dataclass(frozen=True)
class DocumentRow:
    """A document to be saved."""

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
    """A document in a listing: `characters` is the length of its text, `chunks` the number of its chunks."""

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


class _Checked(NamedTuple):
    """The columns of `documents` that its checksum covers; `text_hash` names the text."""

    uri: str
    title: str
    media_type: str
    text_hash: bytes
    metadata: str
    notes: str


_CHECKED = "d.uri, d.title, d.media_type, d.text_hash, d.metadata, d.notes"
_INSERT = (
    "INSERT INTO documents (uri, title, media_type, text_hash, metadata, notes, checksum, file_id, characters,"
    " added_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) ON CONFLICT (uri) DO NOTHING"
)
_UPDATE = (
    "UPDATE documents SET title = ?2, media_type = ?3, text_hash = ?4, metadata = ?5, notes = ?6, checksum = ?7,"
    " file_id = ?8, characters = ?9, changed_at = ?10 WHERE uri = ?1"
)
_INSERT_CHUNK = (
    'INSERT INTO chunks (document_id, ordinal, start, "end", page, heading, input_hash, checksum)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def model_input(text: str, start: int, end: int) -> str:
    """Return the model input for characters `start` to `end`: the passage without surrounding white space."""
    return text[start:end].strip()


def passages_of(title: str, text: str, chunks: Sequence[ChunkRow]) -> list[Passage]:
    """Return the passages of a document."""
    return [Passage(text[chunk.start : chunk.end], chunk.heading, title) for chunk in chunks]


def save_document(db: Database, document: DocumentRow, derived: Sequence[Derived] | None = None) -> int:
    """Save a document with its chunks and terms, in place of its earlier version; return its id.

    A known URI keeps its id. `derived` is what `derive` returns for its passages. Call inside `writing`.
    """
    document_id, is_new = _save_row(db, document)
    if not is_new:
        delete_text(db, document_id)
        _delete_chunks(db, document_id)
    insert_text(db, document_id, document.text)
    if derived is None:
        derived = derive(passages_of(document.title, document.text, document.chunks))
    _insert_chunks(db, document_id, document.chunks, derived)
    if document.coverage:
        save_coverage(db, document_id, document.coverage)
    return document_id


def _save_row(db: Database, document: DocumentRow) -> tuple[int, bool]:
    """Save the row of a document; return its id and whether it is new."""
    checked = _Checked(
        document.uri, document.title, document.media_type, content_hash(document.text),
        _json(dict(document.metadata)), _json(document.notes),
    )  # fmt: skip
    values = [*checked, row_checksum(*checked), document.file_id, len(document.text), now()]
    # Not INSERT OR REPLACE: the row would get a new id, and its chunks would go with the old one.
    inserted = db.conn.execute(_INSERT, values)
    if inserted.rowcount:
        return int(inserted.lastrowid or 0), True
    db.conn.execute(_UPDATE, values)
    (number,) = db.execute("SELECT id FROM documents WHERE uri = ?", [document.uri]).fetchone()
    return int(number), False


def save_chunks(db: Database, document_id: int, chunks: Sequence[ChunkRow], text: str) -> None:
    """Replace the chunks of a document, whose text is `text`, their terms and sketches. Call inside `writing`."""
    (title,) = db.execute("SELECT title FROM documents WHERE id = ?", [document_id]).fetchone()
    _delete_chunks(db, document_id)
    _insert_chunks(db, document_id, chunks, derive(passages_of(title, text, chunks)))


def _delete_chunks(db: Database, document_id: int) -> None:
    db.execute("DELETE FROM chunks WHERE document_id = ?", [document_id])


def _insert_chunks(db: Database, document_id: int, chunks: Sequence[ChunkRow], derived: Sequence[Derived]) -> None:
    # New rows, whose ids are new: an open index relies on the terms of a chunk's id never changing.
    rows = (
        (document_id, ordinal, c.start, c.end, c.page, _json(c.heading), c.input_hash)
        for ordinal, c in enumerate(chunks)
    )
    numbers = [int(db.conn.execute(_INSERT_CHUNK, [*row, row_checksum(*row)]).lastrowid or 0) for row in rows]
    save_derived(db, numbers, derived)


def move_document(db: Database, document_id: int, uri: str) -> None:
    """Give a document a new URI, also in the golden questions. Call inside `writing`.

    Raises Damaged when its row is not what was stored: the new checksum would hide that.
    """
    old = _checked_record(db, document_id)
    moved = old._replace(uri=uri)
    db.execute("UPDATE documents SET uri = ?, checksum = ? WHERE id = ?", [uri, row_checksum(*moved), document_id])
    # IGNORE: the same question may already name the document at the new URI.
    db.execute("UPDATE OR IGNORE golden SET uri = ? WHERE uri = ?", [uri, old.uri])


def next_documents(db: Catalog, after: int = 0, limit: int = 500) -> list[int]:
    """Return at most `limit` ids of documents above the id `after`, ascending."""
    rows = db.execute("SELECT id FROM documents WHERE id > ? ORDER BY id LIMIT ?", [after, limit]).fetchall()
    return [int(number) for (number,) in rows]


def count_characters(db: Catalog) -> int:
    """Return the length of all texts together."""
    (characters,) = db.execute("SELECT coalesce(sum(characters), 0) FROM documents").fetchone()
    return int(characters)


def delete_document(db: Database, document_id: int) -> None:
    """Delete a document and its chunks; its vectors are left for cleanup. Call inside `writing`."""
    db.execute("DELETE FROM documents WHERE id = ?", [document_id])


def documents_of_file(db: Catalog, file_id: int) -> dict[str, int]:
    """Return the ids of a file's documents by URI."""
    return dict(db.execute("SELECT uri, id FROM documents WHERE file_id = ? ORDER BY id", [file_id]).fetchall())


def each_document_of_file(db: Catalog, file_id: int) -> Iterator[tuple[str, int]]:
    """Yield URI and id of a file's documents; there may be a million."""
    rows = db.execute("SELECT uri, id FROM documents WHERE file_id = ? ORDER BY id", [file_id])
    while batch := rows.fetchmany(1_000):
        yield from batch


def documents_of_stream(db: Catalog, uri: str) -> dict[str, int]:
    """Return the ids of the documents that came on standard input under `uri`, by URI."""
    prefix = f"{uri}#"
    rows = db.execute(
        # Not LIKE: `%` and `_` in a URI would match anything, and case would not count.
        "SELECT uri, id FROM documents WHERE file_id IS NULL AND (uri = ? OR substr(uri, 1, ?) = ?) ORDER BY id",
        [uri, len(prefix), prefix],
    )
    return dict(rows.fetchall())


# CROSS JOIN makes SQLite begin with the one chunk (https://sqlite.org/optoverview.html#crossjoin).
_AROUND = """
SELECT n.id, n.document_id, n.ordinal, n.start, n."end", n.page, n.heading, n.input_hash, n.checksum
FROM chunks c CROSS JOIN chunks n
ON n.document_id = c.document_id AND n.ordinal BETWEEN c.ordinal - ?2 AND c.ordinal + ?2
WHERE c.id = ?1 ORDER BY n.ordinal
"""
_MAX_DIGITS = 19  # of SQLite's integers, which have 64 bits
_LISTED = (
    f"SELECT {_CHECKED}, d.checksum, d.id, d.characters,"
    " (SELECT count(*) FROM chunks c WHERE c.document_id = d.id), d.added_at, d.changed_at"
    " FROM documents d"
)


def list_documents(db: Catalog, after: str = "", limit: int = 1_000) -> list[StoredDocument]:
    """Return at most `limit` documents whose URIs follow `after`, in the order of their URIs."""
    rows = db.execute(f"{_LISTED} WHERE d.uri > ? ORDER BY d.uri LIMIT ?", [after, limit])
    documents = [_stored(*row) for row in rows.fetchall()]
    # A damaged index of SQLite's may return them in another order, and paging would never end.
    if any(one >= following for one, following in pairwise([after, *(document.uri for document in documents)])):
        raise Damaged("The documents are not in the order of their names; run: wherein verify")
    return documents


def find_document(db: Catalog, name: str) -> StoredDocument | None:
    """Return the document with the URI `name`, or with this id when `name` is a number."""
    number = int(name) if name.isdecimal() and len(name) < _MAX_DIGITS else -1  # no document has the id -1
    row = db.execute(f"{_LISTED} WHERE d.uri = ? OR d.id = ?", [name, number]).fetchone()
    return _stored(*row) if row else None


def find_documents(db: Catalog, uris: Sequence[str]) -> list[StoredDocument]:
    """Return the documents that have one of these URIs."""
    return [_stored(*row) for row in select_in(db, f"{_LISTED} WHERE d.uri IN ({{}})", uris)]


def each_uri(db: Catalog) -> Iterator[str]:
    """Yield the URI of every document."""
    rows = db.execute("SELECT uri FROM documents")
    while batch := rows.fetchmany(1_000):
        yield from (uri for (uri,) in batch)


def document_version(db: Catalog, uri: str) -> tuple[bytes, str, str, bool] | None:
    """Return text hash, title and metadata (JSON) of a document, and whether its file was read completely."""
    row = db.execute(
        f"SELECT {_CHECKED}, d.checksum, f.state = 'read' FROM documents d"
        " LEFT JOIN files f ON f.id = d.file_id WHERE d.uri = ?",
        [uri],
    ).fetchone()
    if row is None:
        return None
    *columns, checksum, is_read = row
    # A damaged index of SQLite's may lead to another row: the checksum has to fit the URI that was asked for.
    version = _Checked(*columns)._replace(uri=uri)
    check_document(*version, checksum)
    return version.text_hash, version.title, version.metadata, bool(is_read)


def document_text(db: Catalog, document_id: int) -> str:
    """Return a document's text. Raises Damaged when it is not what was stored."""
    uri, text_hash = db.execute("SELECT uri, text_hash FROM documents WHERE id = ?", [document_id]).fetchone()
    stored = read_text(db, document_id)
    if not stored.sound or not is_named(stored.text, text_hash):
        raise Damaged(f"The stored text of {uri} is damaged; run: wherein verify")
    return stored.text


def uri_and_title(db: Catalog, document_id: int) -> tuple[str, str]:
    """Return the URI and title of a document. Raises Damaged when its record is not what was stored."""
    document = _checked_record(db, document_id)
    return document.uri, document.title


def _checked_record(db: Catalog, document_id: int) -> _Checked:
    *columns, checksum = db.execute(
        f"SELECT {_CHECKED}, d.checksum FROM documents d WHERE d.id = ?", [document_id]
    ).fetchone()
    document = _Checked(*columns)
    check_document(*document, checksum)
    return document


def document_spans(db: Catalog, document_id: int) -> list[ChunkRow]:
    """Return a document's chunks in order. Raises Damaged when one is not what was stored."""
    rows = db.execute(
        'SELECT ordinal, start, "end", page, heading, input_hash, checksum FROM chunks'
        " WHERE document_id = ? ORDER BY ordinal",
        [document_id],
    )
    return [checked_chunk(f"document {document_id}", document_id, *row) for row in rows.fetchall()]


def spans_around(db: Catalog, chunk_id: int, neighbors: int) -> tuple[int, list[ChunkRow]]:
    """Return a chunk with at most `neighbors` of its document's before and after it, in order, and its index there.

    The list is empty when there is no such chunk any more. Raises Damaged when one is not what was stored.
    """
    rows = db.execute(_AROUND, [chunk_id, neighbors]).fetchall()
    spans = [checked_chunk(f"document {document_id}", document_id, *row) for _, document_id, *row in rows]
    return next((index for index, (number, *_) in enumerate(rows) if number == chunk_id), 0), spans


def chunks_around(db: Catalog, chunk_id: int, neighbors: int) -> list[int]:
    """Return the ids of a chunk and of at most `neighbors` of its document's on each side, in order.

    Empty when there is no such chunk.
    """
    return [int(number) for number, *_ in db.execute(_AROUND, [chunk_id, neighbors]).fetchall()]


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


def count_documents(db: Catalog) -> int:
    """Return the number of documents."""
    (count,) = db.execute("SELECT count(*) FROM documents").fetchone()
    return int(count)


def count_chunks(db: Catalog) -> int:
    """Return the number of chunks."""
    (count,) = db.execute("SELECT count(*) FROM chunks").fetchone()
    return int(count)


def _stored(
    uri: str, title: str, media_type: str, text_hash: bytes, metadata: str, notes: str, checksum: int,
    document_id: int, characters: int, chunks: int, added_at: str, changed_at: str,
) -> StoredDocument:  # fmt: skip
    """Return a document from the columns of `_LISTED`. Raises Damaged when they are not what was stored."""
    check_document(uri, title, media_type, text_hash, metadata, notes, checksum)
    return StoredDocument(
        document_id, uri, title, media_type, characters, chunks, json.loads(metadata), tuple(json.loads(notes)),
        added_at, changed_at,
    )  # fmt: skip


def _json(value: dict[str, Any] | tuple[str, ...]) -> str:
    if not value:  # as most are
        return "{}" if isinstance(value, dict) else "[]"
    return json.dumps(value, ensure_ascii=False)

"""What a store in a folder returns of what it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.batched import batched
from wherein.storage.store.document import DocumentEntry, EmbeddedDocument, PassageRow, Record
from wherein.storage.store.filters import Filter, Value, check_filter
from wherein.storage.store.keys import KEY_LENGTH, document_key
from wherein.storage.store.local.connection import Connections, required_model
from wherein.storage.store.local.rows import (
    ChunkKeys,
    chunks_of_documents,
    embedded_document,
    entries_of,
    passage_rows,
)
from wherein.storage.store.records import read_records
from wherein.storage.store.sql import sql

__all__ = ["LocalReading", "passing_chunks"]

_BATCH_SIZE = 500


class LocalReading:
    """The part of `LocalStore` that returns documents, passages and records."""

    _connections: Connections

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let everything that is read meanwhile be of one committed state."""
        with self._connections.reading():
            yield

    def documents(self, uris: Sequence[str] | None = None) -> Iterator[DocumentEntry]:
        """Yield documents in the order of their keys; see `ReadableStore`."""
        with self._connections.reading() as db:
            numbers = _numbers(db, uris)
        for batch in batched(numbers, _BATCH_SIZE):
            with self._connections.reading() as db:
                entries = entries_of(db, batch)
            yield from entries

    def read(self, uris: Iterable[str]) -> Iterator[EmbeddedDocument]:
        """Yield documents whole; see `ReadableStore`."""
        for uri in uris:
            with self._connections.reading() as db:
                model = required_model(db, self._connections.folder)
                found = [embedded_document(db, model, number) for number in _numbers(db, [uri])]
            yield from found

    def get(self, keys: Sequence[str], *, vectors: bool = False) -> list[PassageRow]:
        """Return passages by their keys; see `ReadableStore`."""
        with self._connections.reading() as db:
            known = {one.key: one.chunk for one in chunks_by_key(db, keys)}
            return self._passages(db, [known[key] for key in keys if key in known], vectors=vectors)

    def scan(self, only: Filter | None = None, *, vectors: bool = False) -> Iterator[PassageRow]:
        """Yield the passages that pass, in the order of their keys; see `ReadableStore`."""
        with self._connections.reading() as db:
            passing = passing_chunks(db, only)
            documents = sorted(passing, key=lambda number: document_key(passing[number][0]))
        for number in documents:
            with self._connections.reading() as db:
                rows = self._passages(db, passing[number][1], vectors=vectors)
            yield from sorted(rows, key=lambda row: row.key)

    def count(self, only: Filter | None = None) -> int:
        """Return how many passages pass; see `ReadableStore`."""
        with self._connections.reading() as db:
            return sum(len(chunks) for _, chunks in passing_chunks(db, only).values())

    def records(self, kind: str, names: Sequence[str] | None = None) -> Iterator[Record]:
        """Yield records; see `ReadableStore`."""
        with self._connections.reading() as db:
            found = list(read_records(db, kind, names))
        yield from found

    def _passages(self, db: Catalog, chunks: Sequence[int], *, vectors: bool) -> list[PassageRow]:
        model = required_model(db, self._connections.folder) if vectors else None
        return passage_rows(db, model, chunks)


def _numbers(db: Catalog, uris: Sequence[str] | None) -> list[int]:
    """Return the ids of documents, of all in the order of their keys, of some in the order given."""
    if uris is None:
        rows = db.execute("SELECT uri, id FROM documents").fetchall()
        return [number for _, number in sorted((document_key(uri), number) for uri, number in rows)]
    found = dict(select_in(db, "SELECT uri, id FROM documents WHERE uri IN ({})", list(uris)))
    return [found[uri] for uri in dict.fromkeys(uris) if uri in found]


def passing_chunks(db: Catalog, only: Filter | None) -> dict[int, tuple[str, list[int]]]:
    """Return by document its URI and the ids of its chunks that pass. Raises UsageError for a wrong filter."""
    test, bound = "1 = 1", list[Value]()
    if only is not None:
        check_filter(only)
        test, bound = sql(only)
    rows = db.execute(
        f"SELECT d.id, d.uri, c.id FROM documents d JOIN chunks c ON c.document_id = d.id WHERE {test}", bound
    )
    passing: dict[int, tuple[str, list[int]]] = {}
    for document, uri, chunk in rows.fetchall():
        passing.setdefault(document, (uri, []))[1].append(chunk)
    return passing


def chunks_by_key(db: Catalog, keys: Sequence[str]) -> Iterator[ChunkKeys]:
    """Yield the passages with these keys: of each, the first half names the document."""
    wanted, halves = set(keys), {key[: KEY_LENGTH // 2] for key in keys}
    rows = db.execute("SELECT id, uri FROM documents").fetchall() if wanted else []
    documents = [number for number, uri in rows if document_key(uri)[: KEY_LENGTH // 2] in halves]
    return (one for one in chunks_of_documents(db, documents) if one.key in wanted)

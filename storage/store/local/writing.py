"""How a store in a folder keeps documents and records: as rows of the catalog, each batch in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import checkpoint
from wherein.storage.catalog.documents import DocumentRow, delete_document, save_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.store.checks import last_of_each, reason_to_reject
from wherein.storage.store.document import EmbeddedDocument, Record
from wherein.storage.store.local.connection import Connections, required_model
from wherein.storage.store.local.limits import LIMITS
from wherein.storage.store.records import delete_record, write_record
from wherein.storage.store.store import Written

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["LocalWriting"]


class LocalWriting:
    """The part of `LocalStore` that writes."""

    _connections: Connections

    def upsert(self, documents: Sequence[EmbeddedDocument]) -> Written:
        """Store documents; see `WritableStore`. The record of a document's file has to be there before it."""
        model = required_model(self._connections.writable(), self._connections.folder)
        rejected: dict[str, str] = {}
        stored = list[EmbeddedDocument]()
        for document in last_of_each(documents):
            if reason := reason_to_reject(document, model.dimension, LIMITS):
                rejected[document.uri] = reason
            else:
                stored.append(document)
        with self._connections.writing("store.upsert") as db:
            for document in stored:
                _save(db, model, document)
        return Written(len(stored), sum(len(document.chunks) for document in stored), rejected)

    def delete(self, uris: Sequence[str]) -> int:
        """Delete documents; see `WritableStore`."""
        deleted = 0
        with self._connections.writing("store.delete") as db:
            for uri in dict.fromkeys(uris):
                row = db.execute("SELECT id FROM documents WHERE uri = ?", [uri]).fetchone()
                if row is not None:
                    delete_document(db, int(row[0]))
                    deleted += 1
        return deleted

    def put_records(self, records: Sequence[Record]) -> None:
        """Store records; see `WritableStore`."""
        with self._connections.writing("store.records") as db:
            for record in records:
                write_record(db, record)

    def delete_records(self, kind: str, names: Sequence[str]) -> None:
        """Delete records; see `WritableStore`."""
        with self._connections.writing("store.records") as db:
            for name in names:
                delete_record(db, kind, name)

    def checkpoint(self) -> None:
        """Empty the write-ahead log; every commit is durable already."""
        checkpoint(self._connections.writable())


def _save(db: Database, model: StoredModel, document: EmbeddedDocument) -> None:
    save_vectors(db, model.id, [chunk.input_hash for chunk in document.chunks], document.vectors)
    file = db.execute("SELECT id FROM files WHERE uri = ?", [document.file]).fetchone()
    row = DocumentRow(
        document.uri, int(file[0]) if file else None, document.title, document.media_type, document.text,
        document.metadata, document.notes, document.chunks, document.coverage,
    )  # fmt: skip
    number = save_document(db, row)
    for column, value in (("added_at", document.added_at), ("changed_at", document.changed_at)):
        if value:
            db.execute(f"UPDATE documents SET {column} = ? WHERE id = ?", [value, number])

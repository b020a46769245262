"""The documents of a library in Milvus, as they are listed and shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from wherein.errors import WhereinError
from wherein.library.cluster.copy_reader import CopyReader
from wherein.library.documents import named_document
from wherein.storage.catalog.documents import ChunkRow, StoredDocument
from wherein.storage.store.document import DocumentEntry
from wherein.storage.store.keys import number_of
from wherein.storage.store.store import Store

__all__ = ["document_of", "documents_of"]


def documents_of(store: Store, after: str, limit: int | None) -> Iterator[StoredDocument]:
    """Yield the documents whose URIs follow `after`, by URI, and at most `limit` of them."""
    entries = sorted((entry for entry in store.documents() if entry.uri > after), key=lambda entry: entry.uri)
    yield from map(_stored, islice(entries, limit))


def document_of(store: Store, reader: CopyReader, name: str) -> tuple[StoredDocument, str, list[ChunkRow]]:
    """Return the document that `name` means, with its text and its chunks. Raises UsageError when there is none."""
    with reader.snapshot() as db:
        uri = named_document(db, name).uri
    for document in store.read([uri]):
        (entry,) = store.documents([uri])
        return _stored(entry), document.text, list(document.chunks)
    raise WhereinError(f"{uri} was removed just now")


def _stored(entry: DocumentEntry) -> StoredDocument:
    return StoredDocument(
        number_of(entry.key), entry.uri, entry.title, entry.media_type, entry.characters, entry.chunks,
        dict(entry.metadata), entry.notes, entry.added_at, entry.changed_at,
    )  # fmt: skip

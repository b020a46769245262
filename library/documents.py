"""The documents of a library: listing, finding and removing them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import UsageError, WhereinError
from wherein.ingest.uri import file_uri
from wherein.library.opening import open_for_writing, require_library
from wherein.library.readers import CatalogReader
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import StoredDocument, delete_document, find_document, list_documents
from wherein.storage.cleanup.purge import finish_purge
from wherein.storage.cleanup.purge import purge as purge_documents

if TYPE_CHECKING:
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["each_document", "named_document", "remove_documents"]

_DELAYED = (
    "The documents are removed, but the write-ahead log still holds their text, because another process is reading it;"
    " the next command that writes clears it, for instance: wherein reindex"
)


def each_document(reader: CatalogReader) -> Iterator[StoredDocument]:
    """Yield every document by URI."""
    after = ""
    while True:
        with reader.snapshot() as db:  # no transaction is left open while the caller looks at a document
            page = list_documents(db, after)
        yield from page
        if not page:
            return
        after = page[-1].uri


def named_document(db: Catalog, name: str) -> StoredDocument:
    """Return the document with this URI, path or number. Raises UsageError when there is none."""
    path = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111 - odd bytes stay
    found = find_document(db, name) or find_document(db, file_uri(path))
    if found is None:
        raise UsageError(f"There is no document {name}; see: wherein documents list")
    return found


def remove_documents(
    folder: Path, names: Sequence[str], *, purge: bool = False, wait: bool = False
) -> list[StoredDocument]:
    """Remove documents from the library and return them; with `purge` no byte of them is left, and none comes back."""
    require_library(folder)
    with open_for_writing(folder, wait) as db:
        documents = [named_document(db, name) for name in names]
        if purge:
            purge_documents(db, documents)
            if not finish_purge(db, folder):
                raise WhereinError(_DELAYED)
        else:
            with writing(db, "documents.remove"):
                for document in documents:
                    delete_document(db, document.id)
    return documents

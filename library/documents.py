"""The documents of a library: listing, finding and removing them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import UsageError, WhereinError
from wherein.library.opening import open_for_writing, require_library
from wherein.library.readers import CatalogReader
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import (
    StoredDocument,
    delete_document,
    each_uri,
    find_document,
    find_documents,
    list_documents,
)
from wherein.storage.catalog.exclusions import Exclusion, exclude, list_exclusions
from wherein.uri import comparable, display, possible_uris

if TYPE_CHECKING:
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["each_document", "named_document", "remove_documents", "removed_documents"]

_MAX_SHOWN = 300
"""Characters that an error shows of a name."""

_MAX_LISTED = 5
_PAGE = 1_000

_DELAYED = (
    "The documents are removed, but the write-ahead log still holds their text, because another process is reading it;"
    " the next command that writes clears it, for instance: wherein reindex"
)


def each_document(reader: CatalogReader, after: str = "", limit: int | None = None) -> Iterator[StoredDocument]:
    """Yield the documents whose URIs follow `after`, by URI, and at most `limit` of them."""
    left = sys.maxsize if limit is None else limit
    while left > 0:
        with reader.snapshot() as db:  # no transaction is left open while the caller looks at a document
            page = list_documents(db, after, min(left, _PAGE))
        yield from page
        if not page:
            return
        left -= len(page)
        after = page[-1].uri


def removed_documents(reader: CatalogReader) -> list[Exclusion]:
    """Return what was removed or purged and stays away, by URI."""
    with reader.snapshot() as db:
        return list_exclusions(db)


def named_document(db: Catalog, name: str) -> StoredDocument:
    """Return the document that `name` is the URI, the path or the number of, or as what it is listed.

    Raises UsageError when there is none, or when there are several.
    """
    uris = possible_uris(name)
    # A whole URI is meant as such; it is the way out where anything else names several documents.
    found = find_documents(db, uris[:1]) or _found(db, name, uris) or find_documents(db, _alike(db, uris))
    shown = display(name[:_MAX_SHOWN])
    if not found:
        raise UsageError(f"There is no document {shown}; see: wherein documents list")
    if len(found) > 1:
        several = " or ".join(document.uri for document in found[:_MAX_LISTED])
        raise UsageError(f"{shown} names {len(found)} documents; choose one by its URI: {several}")
    return found[0]


def _found(db: Catalog, name: str, uris: Sequence[str]) -> list[StoredDocument]:
    numbered = find_document(db, name) if name.isdecimal() else None
    return list({document.id: document for document in (*find_documents(db, uris), numbered) if document}.values())


def _alike(db: Catalog, uris: Sequence[str]) -> list[str]:
    """Return the URIs that differ from these in nothing but Unicode's forms and what is percent-encoded."""
    # Reads the URIs of all documents, but only for a name that no document has.
    wanted = {comparable(uri) for uri in uris}
    return [uri for uri in each_uri(db) if comparable(uri) in wanted]


def remove_documents(
    folder: Path, names: Sequence[str], *, purge: bool = False, wait: bool = False
) -> list[StoredDocument]:
    """Remove documents from the library and return them; with `purge` no byte of them is left, and none comes back."""
    from wherein.storage.cleanup.purge import finish_purge
    from wherein.storage.cleanup.purge import purge as purge_documents

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
                    exclude(db, document.id, document.uri, "removed")
                    delete_document(db, document.id)
    return documents

"""Filters on documents for a store: the same conditions, with the same words for what is wrong, as in a folder.

What a filter means is decided on the copied catalog, by the code that decides it there; the store gets the documents
that pass. Only a filter by type alone goes to the store as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from wherein.library.cluster.copy_reader import CopyReader
from wherein.search.stored.pipeline import Passing
from wherein.storage.disk.batched import batched
from wherein.storage.filters.selection import Filter, matching_documents, unmatched_patterns
from wherein.storage.store.filters import Filter as StoreFilter
from wherein.storage.store.filters import In
from wherein.storage.store.keys import document_key

__all__ = ["passing"]

_AT_ONCE = 2_000
"""Documents that a store is given by their keys in one filter; more are asked for in several."""


def passing(reader: CopyReader, only: Filter | None) -> Passing:
    """Return what passes a filter. Raises UsageError when it names a field that no document has."""
    if only is None or only == Filter():
        return Passing()
    if only == Filter(media_types=only.media_types):
        return Passing((In("media_type", only.media_types),))
    with reader.snapshot() as db:
        uris = [str(uri) for uri, *_ in matching_documents(db, only, "d.uri")]
        unmatched = unmatched_patterns(db, only, uris)
        (count,) = db.execute("SELECT count(*) FROM documents").fetchone()
    return Passing((None,) if len(uris) == count else _by_keys(uris), unmatched)


def _by_keys(uris: Sequence[str]) -> tuple[StoreFilter | None, ...]:
    return tuple(In("document", tuple(keys)) for keys in batched(sorted(map(document_key, uris)), _AT_ONCE))

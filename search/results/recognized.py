"""Whether a hit shows text that was recognized in a picture (OCR), where a letter may be wrong."""

from collections.abc import Sequence
from dataclasses import replace

from wherein.search.hits import Hit
from wherein.storage.catalog.coverage import recognized_spans
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sqlite_errors import translating_catalog_errors

__all__ = ["with_recognized"]


def with_recognized(db: Catalog, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits; those that share a character with recognized text say so. Raises Damaged when the table is."""
    with translating_catalog_errors():  # one statement sees one state without a transaction around it
        spans = recognized_spans(db, list({hit.document for hit in hits}))
    if not spans:
        return list(hits)
    return [replace(hit, recognized=_overlaps(hit, spans.get(hit.document, ()))) for hit in hits]


def _overlaps(hit: Hit, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < hit.end and hit.start < end for start, end in spans)

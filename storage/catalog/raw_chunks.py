"""Rows of `chunks` as they are in the file: after damage a column may hold anything."""

from __future__ import annotations

import json
from typing import NamedTuple

from wherein.storage.catalog.texts import Span

__all__ = ["CHUNK_COLUMNS", "RawChunk", "readable_headings"]

CHUNK_COLUMNS = 'id, document_id, ordinal, start, "end", page, heading, input_hash, checksum'
"""The columns of a `RawChunk`."""


class RawChunk(NamedTuple):
    """A row of `CHUNK_COLUMNS`, unchecked."""

    id: int
    document_id: int
    ordinal: int
    start: int
    end: int
    page: int | None
    heading: str
    input_hash: bytes
    checksum: int

    @property
    def span(self) -> Span:
        """The span of its text; `read_spans` finds no text where the columns hold no numbers."""
        return Span(self.document_id, self.start, self.end)


def readable_headings(column: object) -> tuple[str, ...]:
    """Return the headings in a column `heading`; none where it is damaged, which every hit and verify report."""
    try:
        return tuple(map(str, json.loads(str(column))))
    except (ValueError, TypeError, RecursionError):
        return ()

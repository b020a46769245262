"""Rows of `chunks` as they are in the file: after damage a column may hold anything."""

from __future__ import annotations

from typing import NamedTuple

from wherein.storage.catalog.texts import Span

__all__ = ["CHUNK_COLUMNS", "RawChunk"]

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

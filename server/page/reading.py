"""A document as the page shows it: its text, a part at a time, with the passage and the sentence marked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from wherein.errors import UsageError
from wherein.library import Library, StoredDocument
from wherein.server.page.cards import original_of, page_of
from wherein.server.page.marks import Mark, Piece, pieces, word_marks
from wherein.server.page.search import Search
from wherein.server.page.source_code import is_code
from wherein.server.routes.documents import existing
from wherein.server.surfaces import PAGE
from wherein.storage.catalog.documents import ChunkRow
from wherein.terminal import one_line, printable
from wherein.uri import display_uri

__all__ = ["Reading", "Wanted", "reading"]

_PART = 60_000
"""Characters that are shown at once."""

_MAX_OUTLINE = 80
_MAX_SHOWN = 200
_GONE = "The passage is no longer there, because the document has since been read again. Ask the question again."
_SPAN = re.compile(r"(\d{1,12})-(\d{1,12})")


@dataclass(frozen=True)
class Wanted:
    """What is to be shown of a document: the part with the `chunk`, or the one with character `start`."""

    chunk: int | None = None
    sentence: str = ""
    start: int = 0


@dataclass(frozen=True)
class Section:
    """A part of a text that begins with a heading or a page, in pieces; `headings` are those that begin here."""

    start: int
    page: int | None
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Entry:
    """A line of the outline: a heading, how deep it is, and where it leads to."""

    heading: str
    depth: int
    address: str


@dataclass(frozen=True)
class Reading:
    """A part of a document, with the ways to the others. `chunk` is the id of the passage that is marked, if one is."""

    document: StoredDocument
    title: str
    location: str
    date: datetime | None
    metadata: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    outline: Sequence[Entry]
    chunk: int | None
    has_sentence: bool
    notes: Sequence[str]
    original: str
    is_code: bool
    earlier: str
    later: str
    extent: str


def reading(library: Library, number: int, wanted: Wanted, search: Search) -> Reading:
    """Return a part of a document. Raises ProblemError (404) when there is none."""
    document, whole, chunks = existing(library, number)
    span, page = _passage(library, number, wanted)
    start = _part_of(span[0] if span else wanted.start, len(whole))
    text = printable(whole[start : start + _PART])
    found = _marks(span, wanted.sentence, start)
    marks = [*word_marks(text, search.question), *found]
    here = [chunk for chunk in chunks if start <= chunk.start < start + len(text)]
    notes = [*([_GONE] if wanted.chunk and not span else []), *map(PAGE.say, document.notes)]
    return Reading(
        document=document, title=one_line(document.title) or display_uri(document.uri).rpartition("/")[2],
        location=display_uri(document.uri), date=library.modified([number]).get(number),
        metadata=_metadata(document), sections=_sections(text, marks, here, start),
        outline=_outline(chunks, number, start, search),
        chunk=wanted.chunk if span else None, has_sentence=len(found) > 1, notes=notes,
        is_code=is_code(document, whole),
        original=original_of(document.uri, number, document.media_type, page),
        earlier=_address(number, start - _PART, search) if start else "",
        later=_address(number, start + _PART, search) if start + _PART < len(whole) else "",
        extent=f"characters {start + 1:,} to {start + len(text):,} of {len(whole):,}" if len(whole) > _PART else "",
    )  # fmt: skip


def _passage(library: Library, number: int, wanted: Wanted) -> tuple[tuple[int, int] | None, int | None]:
    """Return the span of a passage and the page of the sentence, else its own.

    Both are None when it is not in this document (any more).
    """
    if wanted.chunk is None:
        return None, None
    try:
        found = library.passage(wanted.chunk, 1)
    except UsageError:
        return None, None
    passage = found.passage
    if passage.document != number:
        return None, None
    span = passage.start, passage.end
    sentence = _sentence(span, wanted.sentence)
    return span, page_of(found, sentence[0]) if sentence else passage.page


def _part_of(offset: int, length: int) -> int:
    """Return where the part begins that holds a character."""
    return min(offset, max(length - 1, 0)) // _PART * _PART


def _marks(span: tuple[int, int] | None, sentence: str, start: int) -> list[Mark]:
    """Return the marks of the passage, and of a sentence in it."""
    if span is None:
        return []
    first, last = span
    marks = [(first - start, last - start, "passage")]
    if found := _sentence(span, sentence):
        marks.append((found[0] - start, found[1] - start, "sentence"))
    return [(max(0, begin), end, kind) for begin, end, kind in marks]


def _sentence(span: tuple[int, int], given: str) -> tuple[int, int] | None:
    """Return the span of a sentence as an address gives it, None where it is not in the passage."""
    found = _SPAN.fullmatch(given)
    is_inside = found and span[0] <= int(found[1]) < int(found[2]) <= span[1]
    return (int(found[1]), int(found[2])) if found and is_inside else None


def _sections(text: str, marks: Sequence[Mark], chunks: Sequence[ChunkRow], offset: int) -> list[Section]:
    """Return a text cut where pages and headings begin, as far as the chunks show."""
    begins = _begins(chunks)
    starts = [0, *(start - offset for start in begins if start > offset)]
    parts = pieces(text, marks, starts, offset)
    found: list[list[Piece]] = [[] for _ in starts]
    for piece in parts:
        found[bisect_right(starts, piece.start - offset) - 1].append(piece)
    return [
        Section(offset + start, begins.get(offset + start), inside) for start, inside in zip(starts, found, strict=True)
    ]


def _begins(chunks: Sequence[ChunkRow]) -> dict[int, int | None]:
    """Return where a heading or a page begins, with the number of the page where it is a new one."""
    begins: dict[int, int | None] = {}
    page, heading = None, None
    for chunk in chunks:
        if chunk.page != page or chunk.heading != heading:
            begins[chunk.start] = chunk.page if chunk.page != page else None
        page, heading = chunk.page, chunk.heading
    return begins


def _outline(chunks: Sequence[ChunkRow], number: int, start: int, search: Search) -> list[Entry]:
    """Return the headings of a document, each once, with where they are."""
    entries, known = list[Entry](), set[tuple[str, ...]]()
    for chunk in chunks:
        if not chunk.heading or chunk.heading in known or len(entries) == _MAX_OUTLINE:
            continue
        known.add(chunk.heading)
        part = _part_of(chunk.start, chunk.start + 1)
        address = "" if part == start else _address(number, part, search)
        entries.append(
            Entry(one_line(chunk.heading[-1])[:_MAX_SHOWN], len(chunk.heading), f"{address}#at{chunk.start}")
        )
    return entries if len(entries) > 1 else []


def _address(number: int, start: int, search: Search) -> str:
    return f"/documents/{number}?{urlencode([('start', str(start)), *search.parameters], errors='replace')}"


def _metadata(document: StoredDocument) -> list[tuple[str, str]]:
    return [
        (one_line(str(name)), _value(value)) for name, value in document.metadata.items() if value not in (None, "", [])
    ]


def _value(value: object) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return one_line(shown)[:_MAX_SHOWN]

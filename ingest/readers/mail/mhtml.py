"""Web pages that a browser or an office program saved as one file (MHTML, RFC 2557): the page without its resources."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from email.message import Message
from typing import BinaryIO

from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.html.page import read_markup
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.mime import parse_message
from wherein.ingest.readers.mail.parts import PAGES, decode_part, leaves
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/html"
_GAP = "\n\n"


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the page as one document; see `Reader` for the errors. Of a page of frames, the frames are read."""
    message = parse_message(stream.read())
    title = Headers(message).subject or name_as_title(name)
    pages = _pages(message)
    documents = list(_documents(pages[:1], title, context)) or list(_documents(pages[1:], title, context))
    if not documents:
        raise Skipped("no text")
    yield _joined(documents)


def _pages(message: Message) -> list[Message]:
    """Return the parts that are web pages, the one that holds the others first."""
    pages = [part for part in leaves(message) if part.get_content_type() in PAGES]
    start = str(message.get_param("start") or "").strip()
    return sorted(pages, key=lambda part: not start or str(part.get("Content-ID") or "").strip() != start)


def _documents(pages: Iterable[Message], title: str, context: ReadContext) -> Iterator[Document]:
    for page in pages:
        decoded = decode_part(page, context.encoding)
        try:
            yield decoded.annotate(read_markup(decoded.text, title))
        except Skipped:
            continue


def _joined(documents: list[Document]) -> Document:
    first, *others = documents
    text, marks = first.text, list(first.marks)
    for document in others:
        start = len(text) + len(_GAP)
        text += _GAP + document.text
        marks += [Mark(start + mark.start, mark.page, mark.heading) for mark in document.marks]
    notes = dict.fromkeys(note for document in documents for note in document.notes)
    doubts = dict.fromkeys(doubt for document in documents for doubt in document.doubts)
    return replace(first, text=text, marks=tuple(marks), notes=tuple(notes), doubts=tuple(doubts))


READER = text_reader("mhtml", 1, _MEDIA_TYPE, read)
"""Saved pages."""

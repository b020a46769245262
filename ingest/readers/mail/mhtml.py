"""Web pages that a browser or an office program saved as one file (MHTML, RFC 2557): the page without its resources."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from email.message import Message
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.html.page import read_markup
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.mime import parse_message
from wherein.ingest.readers.mail.parts import PAGES, PartText, decode_part, join_texts, leaves
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/html"


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


def _joined(documents: Sequence[Document]) -> Document:
    texts = [PartText(document.text, document.marks, document.notes, document.doubts) for document in documents]
    whole = join_texts(texts)
    return replace(documents[0], text=whole.text, marks=whole.marks, notes=whole.notes, doubts=whole.doubts)


READER = text_reader("mhtml", 5, _MEDIA_TYPE, read)
"""Saved pages."""

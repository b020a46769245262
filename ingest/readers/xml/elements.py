"""Any other XML: the text of its elements, a block for each that is not within a line."""

import html
import re
from collections.abc import Iterator, Set
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.html.marked_sections import without_marked_sections
from wherein.ingest.readers.html.page import parse_page, render_page
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.blocks import Block, BlockWriter, join_blocks
from wherein.ingest.readers.shared.decode import (
    PICTURES_NOTE,
    clean,
    decode,
    name_as_title,
    require_text,
    without_pictures,
)
from wherein.ingest.readers.shared.formulas import with_formulas
from wherein.ingest.readers.shared.xml_events import END, START, Event, events, without_elements
from wherein.ingest.readers.xml.entities import with_entities

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/xml"
_PART = "the file"
_FEEDS = frozenset(
    ("rss", "feed", "http://www.w3.org/2005/Atom feed", "http://www.w3.org/1999/02/22-rdf-syntax-ns# RDF")
)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_HTML = re.compile(r"</?(?:a|b|br|div|em|h[1-6]|i|img|li|p|span|strong|table|td|tr|ul)\b[^<>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*+\[.*?\]\s*+>", re.DOTALL)
# Drawings and the pages in them; elsewhere these names may be those of texts.
_NOT_TEXT = frozenset(
    f"{namespace} {name}"
    for namespace in ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
    for name in ("style", "script")
)
_TEXT_ATTRIBUTES = frozenset(("alt", "caption", "comment", "description", "label", "name", "summary", "text", "title"))
# JATS and its like call only the titles of sections so.
_TITLES = frozenset(("title", "article-title", "book-title"))
# Elements that stand for a line break, and those whose lines are kept.
_BREAKS = frozenset(("br", "break", "lb"))
_VERBATIM = frozenset(("codeblock", "literallayout", "programlisting", "screen"))
# OPML has its texts in attributes.
_OUTLINE, _OUTLINE_TEXTS = "outline", ("text", "_note")
_MAX_TITLE = 200
_NOT_XML = "not well-formed XML; its text was read as a browser would read it"
_FROM_ATTRIBUTES = "its elements hold no text; the text is that of attributes such as name and title"


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding)
    try:
        text, title, notes = _text_of(with_entities(decoded.text).encode())
    except Unreadable:
        text, title, notes = _joined(_page_blocks(_as_markup(decoded.text))), "", (_NOT_XML,)
    text, pictures = without_pictures(text)
    require_text(text)
    notes += (PICTURES_NOTE,) if pictures else ()
    yield decoded.annotate(Document(title or name_as_title(name), text, _MEDIA_TYPE, notes=notes))


def _as_markup(source: str) -> str:
    """Return XML as HTML, which has no marked sections, and ends a document type at the first `>`."""
    return without_marked_sections(_DOCTYPE.sub("", source, count=1))


def _text_of(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Return text, title and notes. Raises Unreadable when the XML is not well-formed or declares entities."""
    inline = _inline_elements(data)
    writer, title = BlockWriter(), _Title()
    root = ""
    for kind, value, attributes in _events(data):
        title.take(kind, value)
        root = root or (value if kind is START else "")
        if kind in (START, END):
            local = value.rpartition(" ")[2]
            if local in _BREAKS:
                if kind is START and attributes.get("break") != "no":
                    writer.enter("br")
            elif value not in inline:
                (writer.enter if kind is START else writer.leave)("pre" if local in _VERBATIM else "div")
            if kind is START and value == _OUTLINE:
                writer.text(clean("\n".join(attributes[name] for name in _OUTLINE_TEXTS if attributes.get(name))))
        else:
            writer.text(clean(value))
    writer.flush()
    is_feed = root in _FEEDS
    text = _joined(writer.blocks, is_feed=is_feed)
    if text:
        return text, _resolved(title.text) if is_feed else title.text, ()
    return "\n".join(_attribute_texts(data)), "", (_FROM_ATTRIBUTES,)


def _events(data: bytes) -> Iterator[Event]:
    return with_formulas(without_elements(events([data], _PART, "utf-8"), _NOT_TEXT))


def _inline_elements(data: bytes) -> Set[str]:
    """Return the names of the elements that occur between the words of another one."""
    inline: set[str] = set()
    children: list[set[str]] = [set()]
    has_text = [False]
    for kind, value, _ in _events(data):
        if kind is START:
            children[-1].add(value)
            children.append(set())
            has_text.append(False)
        elif kind is END:
            names = children.pop()
            if has_text.pop():
                inline |= names
        elif not value.isspace():
            has_text[-1] = True
    return inline


class _Title:
    """Takes the first title."""

    def __init__(self) -> None:
        self._parts: list[str] | None = None
        self._depth = 0

    @property
    def text(self) -> str:
        line = " ".join(clean("".join(self._parts or ())).split())
        return line if len(line) <= _MAX_TITLE and not _HTML.search(line) else ""

    def take(self, kind: str, value: str) -> None:
        if kind is START:
            if self._depth or (self._parts is None and value.rpartition(" ")[2].rpartition(":")[2].lower() in _TITLES):
                self._depth += 1
                self._parts = self._parts or []
        elif kind is END:
            self._depth -= self._depth > 0
        elif self._depth and self._parts is not None:
            self._parts.append(value)


def _attribute_texts(data: bytes) -> Iterator[str]:
    for kind, _, attributes in _events(data):
        if kind is START:
            texts = (value for name, value in attributes.items() if name.lower() in _TEXT_ATTRIBUTES)
            line = " ".join(clean(" ".join(texts)).split())
            if line:
                yield line


def _joined(blocks: list[Block], *, is_feed: bool = False) -> str:
    """Return the text of blocks; feeds hold their articles, and texts without tags as well, as escaped HTML."""
    for block in blocks:
        if _HTML.search(block.text):
            block.text = join_blocks(_page_blocks(block.text))[0]
        elif is_feed:
            block.text = _resolved(block.text)
    return join_blocks(blocks)[0]


def _resolved(text: str) -> str:
    return clean(_REFERENCE.sub(lambda reference: html.unescape(reference[0]), text))


def _page_blocks(markup: str) -> list[Block]:
    return render_page(parse_page(markup)).blocks


READER = text_reader("xml", 6, _MEDIA_TYPE, read)

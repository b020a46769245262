"""FictionBook (.fb2): the text of a book with its chapters, the notes last."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.blocks import BlockWriter, join_blocks
from wherein.ingest.readers.shared.decode import clean, decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import heading_marks
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.xml_events import END, START, events

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/x-fictionbook+xml"
_PART = "the book"
_TAGS = {
    **dict.fromkeys(("p", "v", "subtitle", "text-author", "date", "epigraph", "stanza", "cite", "poem"), "div"),
    **{tag: tag for tag in ("table", "tr", "td", "th")},
}
_MAX_LEVEL = 6


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the book as one document with its chapters as headings; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding)
    data = decoded.text.encode()
    book = _Book()
    for kind, value in _events(data, ("binary", "description")):
        book.take(kind, value)
    text, headings = join_blocks(book.writer.blocks)
    require_text(text)
    title, metadata = _properties(data)
    marks = heading_marks(headings)
    yield decoded.annotate(Document(title or name_as_title(name), text, _MEDIA_TYPE, metadata=metadata, marks=marks))


class _Book:
    """Writes the blocks of a book; a title is a heading as deep as its section."""

    def __init__(self) -> None:
        self.writer = BlockWriter()
        self._depth = 0
        self._heading = ""

    def take(self, kind: str, value: str) -> None:
        if kind is START:
            self._start(value)
        elif kind is END:
            self._end(value)
        elif self._depth:
            self.writer.text(clean(value))

    def _start(self, tag: str) -> None:
        if tag in ("body", "section"):
            self._depth += 1
        elif tag == "title":
            self._heading = f"h{max(1, min(_MAX_LEVEL, self._depth))}"
            self.writer.enter(self._heading)
        elif self._heading:
            self.writer.text(" ")  # the lines of a title
        elif tag in _TAGS:
            self.writer.enter(_TAGS[tag])

    def _end(self, tag: str) -> None:
        if tag in ("body", "section"):
            self._depth -= 1
        elif tag == "title":
            self.writer.leave(self._heading)
            self._heading = ""
        elif tag in _TAGS and not self._heading:
            self.writer.leave(_TAGS[tag])


def _properties(data: bytes) -> tuple[str, dict[str, JSONValue]]:
    """Return title and metadata from the `title-info` of the description."""
    path: list[str] = []
    values: dict[str, list[str]] = {}
    for kind, value in _events(data, ("binary", "body")):
        if kind is START:
            path.append(value)
            if path[-2:-1] == ["title-info"]:
                values.setdefault(path[-1], []).append("")
        elif "title-info" in path[:-1]:
            values[path[path.index("title-info") + 1]][-1] += " " if kind is END else value
        if kind is END:
            path.pop()
    one_line = {name: [" ".join(value.split()) for value in found] for name, found in values.items()}
    metadata = standard_metadata(
        author=one_line.get("author", ()),
        description=" ".join(one_line.get("annotation", ())),
        keywords=one_line.get("keywords", ()),
        language=" ".join(one_line.get("lang", ())[:1]),
    )
    return clean(" ".join(one_line.get("book-title", ())[:1])), metadata


def _events(data: bytes, left_out: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the events without these elements, with the names of elements without namespaces."""
    depth = 0
    for kind, value, _ in events([data], _PART, "utf-8"):
        name = value.rpartition(" ")[2] if kind in (START, END) else value
        if depth or (kind is START and name in left_out):
            depth += (kind is START) - (kind is END)
        else:
            yield kind, name


READER = text_reader("fb2", 3, _MEDIA_TYPE, read)

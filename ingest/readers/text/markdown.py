"""Markdown, kept as written, so that offsets and line numbers are those of the file."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from markdown_it import MarkdownIt

from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import Heading, heading_marks
from wherein.ingest.readers.text.front_matter import split_front_matter

__all__ = ["READER", "headings_in", "read"]

_MEDIA_TYPE = "text/markdown"
_NEWLINE = re.compile(r"\r\n?|\n")


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    text = decoded.text
    require_text(text)
    front = split_front_matter(text)
    metadata, headings = dict(front.entries), list(headings_in(text, front.end))
    title = _take_title(metadata) or (headings[0].title if headings else name_as_title(name))
    marks = heading_marks(headings)
    yield decoded.annotate(Document(title, text, _MEDIA_TYPE, metadata=metadata, marks=marks, notes=front.notes))


def _take_title(metadata: dict[str, JSONValue]) -> str:
    """Remove the title from the metadata and return it on one line; "" when it is missing or not one value."""
    if metadata.get("title") is None:
        metadata.pop("title", None)
    elif not isinstance(metadata["title"], list | dict):
        return " ".join(_as_text(metadata.pop("title")).split())
    return ""


def _as_text(value: JSONValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def headings_in(text: str, start: int = 0) -> Iterator[Heading]:
    """Yield the headings from character `start` on, except those in quotes and lists."""
    lines = [start, *(match.end() for match in _NEWLINE.finditer(text, start))]
    tokens = _block_parser().parse(text[start:])
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            title = _without_markup(tokens[index + 1].content)
            if title:
                yield Heading(lines[token.map[0]], int(token.tag[1:]), title)


@cache
def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])  # only headings need inline markup
    return parser


@cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _without_markup(source: str) -> str:
    """Return a heading's text without its markup."""
    (token,) = _inline_parser().parseInline(source)
    parts = (
        " " if child.type.endswith("break") else _text(child.type, child.content) for child in token.children or ()
    )
    return " ".join("".join(parts).split())


def _text(kind: str, content: str) -> str:
    return "" if kind == "html_inline" else content


READER = text_reader("markdown", 5, _MEDIA_TYPE, read)

"""Markdown, kept as it is written, so that offsets and line numbers fit the file."""

import re
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from markdown_it import MarkdownIt

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import Heading, marks_of
from wherein.ingest.readers.text.front_matter import split_front_matter

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/markdown"
_NEWLINE = re.compile(r"\r\n?|\n")


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors."""
    text = decode(stream.read())
    require_text(text)
    metadata, start = split_front_matter(text)
    headings = list(_headings(text, start))
    title = metadata.pop("title", "") or (headings[0].title if headings else name_as_title(name))
    yield Document(title, text, _MEDIA_TYPE, metadata=metadata, marks=marks_of(headings))


def _headings(text: str, start: int) -> Iterator[Heading]:
    """Yield the document's own headings (not those quoted in it) from character `start` on."""
    lines = [start, *(match.end() for match in _NEWLINE.finditer(text, start))]
    tokens = _blocks().parse(text[start:])
    for position, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            title = _plain(tokens[position + 1].content)
            if title:
                yield Heading(lines[token.map[0]], int(token.tag[1:]), title)


@cache
def _blocks() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])  # inline markup of the whole text is not wanted
    return parser


@cache
def _inlines() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _plain(source: str) -> str:
    """Return a heading's text without its markup."""
    (token,) = _inlines().parseInline(source)
    parts = (
        " " if child.type.endswith("break") else _text(child.type, child.content) for child in token.children or ()
    )
    return " ".join("".join(parts).split())


def _text(kind: str, content: str) -> str:
    return "" if kind == "html_inline" else content


READER = Reader("markdown", 1, _MEDIA_TYPE, read)

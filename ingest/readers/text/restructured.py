"""reStructuredText, kept as written; headings are recognized by their underlines and overlines."""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import Heading, heading_marks

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-rst"
_LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|\Z)")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*")
_MARKUP = re.compile(r"(?::[\w:+.-]{1,100}:)?`+([^`]+?)(?:\s*<[^<>`]*>)?`+_{0,2}|\*{1,2}([^*]+)\*{1,2}")


class _Line(NamedTuple):
    start: int
    text: str


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    text = decoded.text
    require_text(text)
    headings = list(_headings(text))
    title = headings[0].title if headings else name_as_title(name)
    yield decoded.annotate(Document(title, text, _MEDIA_TYPE, marks=heading_marks(headings)))


def _headings(text: str) -> Iterator[Heading]:
    """Yield the headings; as in docutils, the first style is level 1, the next new one level 2, and so on."""
    styles: list[str] = []
    lines = [_Line(match.start(), match[1].rstrip()) for match in _LINE.finditer(text)]
    index = 0
    while index < len(lines):
        style, title = _heading_at(lines, index)
        if not style:
            index += 1
            continue
        if style not in styles:
            styles.append(style)
        yield Heading(lines[index].start, styles.index(style) + 1, _without_markup(title))
        index += len(style) + 1  # an overline adds a character to the style and a line to the heading


def _heading_at(lines: list[_Line], index: int) -> tuple[str, str]:
    """Return style and title of the heading that begins at this line; empty strings when none does."""
    if index and lines[index - 1].text:
        return "", ""
    first, second, third = (lines[i].text if i < len(lines) else "" for i in range(index, index + 3))
    if _is_adornment(first) and second.strip() and first == third and len(first) >= len(second):
        return first[0] * 2, second.strip()
    if first and not first[0].isspace() and not _is_adornment(first) and _underlines(second, first):
        return second[0], first
    return "", ""


def _is_adornment(line: str) -> bool:
    return bool(_ADORNMENT.fullmatch(line))


def _underlines(line: str, title: str) -> bool:
    # docutils accepts an underline of four characters or more, with a warning, even when the title is longer.
    return _is_adornment(line) and len(line) >= min(4, len(title))


def _without_markup(title: str) -> str:
    return _MARKUP.sub(lambda match: match[1] or match[2], title)


READER = text_reader("restructured", 4, _MEDIA_TYPE, read)

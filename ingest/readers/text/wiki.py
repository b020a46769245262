"""Wiki text (MediaWiki, Textile): headings, links and tables as a person reads them, without HTML tags."""

import html
import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import clean, decode
from wherein.ingest.readers.text.outlined import Line, outlined_document, source_lines

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-wiki"
_HEADING = re.compile(
    r"(={1,6})[ \t]*([^=\s].*?)(?<![ \t])[ \t]*\1|h(?P<level>[1-6])(?:[({\[<>=][^.\n]*)?\.[ \t]+(?P<title>.+)"
)
_COMMENT = re.compile(r"<!--(?s:.*?)(?:-->|\Z)")
_TAG = re.compile(r"</?(?:nowiki|[a-z]+[1-6]?)(?:[ \t\n/][^<>]{0,1000})?>", re.IGNORECASE)
_LINK = re.compile(
    r"\[\[(?:[^\[\]|]{1,500}\|)*([^\[\]|]{1,500})\]\]|\[(?:https?|ftp)://[^\s\[\]]{1,500}[ \t]+([^\[\]]{1,500})\]"
)
_EMPHASIS = re.compile(r"'{2,5}")
_TABLE_RULE = re.compile(r"\{\|.*|\|\}|\|-.*|__[A-Z]+__")
_CELLS = re.compile(r"\|\||!!")
_TEXTILE_ROW = re.compile(r"\|([^|].*)\|")
_TEXTILE_STYLE = re.compile(r"^[_<>=^~\-/\\\d]+\.[ \t]")
_CELL_STYLE = re.compile(r"^[ \t]*(?:[\w-]+=\"[^\"]*\"[ \t]*)+\|(?!\|)")


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    source = "\n".join(source_lines(decoded))
    for pattern in (_COMMENT, _TAG):
        source = pattern.sub(lambda match: "\n" * match[0].count("\n"), source)
    yield outlined_document(decoded, map(_line, source.split("\n")), name, _MEDIA_TYPE)


def _line(line: str) -> Line:
    heading = _HEADING.fullmatch(line)
    if heading and heading["title"]:
        return Line(_inline(heading["title"]), int(heading["level"]))
    if heading:
        return Line(_inline(heading[2]), len(heading[1]))
    if _TABLE_RULE.fullmatch(line):
        return Line("")
    if row := _TEXTILE_ROW.fullmatch(line):
        return Line(" | ".join(_inline(_TEXTILE_STYLE.sub("", cell).strip()) for cell in row[1].split("|")))
    if line.startswith(("|", "!")) and not line.startswith("|+"):
        cells = (_CELL_STYLE.sub("", cell).strip() for cell in _CELLS.split(line[1:]))
        return Line(" | ".join(map(_inline, cells)))
    return Line(_inline(line.removeprefix("|+").lstrip() if line.startswith("|+") else line))


def _inline(text: str) -> str:
    shown = _EMPHASIS.sub("", _LINK.sub(lambda match: match[1] or match[2], text))
    return clean(html.unescape(shown)) if "&" in shown else shown


READER = text_reader("wiki", 2, _MEDIA_TYPE, read)

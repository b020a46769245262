"""Typst: headings, text, tables and raw blocks as a person reads them; formulas stay as written."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.text.outlined import Line, outlined_document, source_lines
from wherein.ingest.readers.text.typst_scanner import TypstScanner

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-typst"
_SETTINGS = re.compile(r"#(?:set[ \t]+document|show[ \t]*:[ \t]*[\w.-]+)\(")
_MAX_SETTINGS = 3_000
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors. Included files are noted."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    source = "\n".join(source_lines(decoded))
    scanner = TypstScanner(source)
    scanner.run()
    shown = (Line(text, scanner.levels.get(number, 0)) for number, text in enumerate(scanner.lines()))
    settings = _settings(source)
    title = "".join(_values("title", settings)[:1])
    yield outlined_document(decoded, shown, name, _MEDIA_TYPE, title, _metadata(settings), scanner.included)


def _settings(source: str) -> str:
    """Return what the file sets for the document, "" if nothing."""
    found = _SETTINGS.search(source)
    return source[found.end() : found.end() + _MAX_SETTINGS] if found else ""


def _metadata(settings: str) -> dict[str, JSONValue]:
    return standard_metadata(
        author=_values("author", settings),
        description="".join(_values("description", settings)),
        keywords=_values("keywords", settings),
        created="".join(_values("date", settings)[:1]),
    )


def _values(name: str, settings: str) -> list[str]:
    """Return the values of a property: a string, several, or content."""
    value = re.search(
        rf'\b{name}s?:[ \t\n]*(?:(?P<one>"(?:[^"\\]|\\.)*")|\((?P<more>[^()]*)\)|\[(?P<content>[^\[\]]*)\])', settings
    )
    if not value:
        return []
    return [value["content"]] if value["content"] else _STRING.findall(value["one"] or value["more"] or "")


READER = text_reader("typst", 2, _MEDIA_TYPE, read)

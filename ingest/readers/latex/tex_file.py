"""LaTeX as the text that its reader would see: commands are taken out, formulas stay as they are written.

The source is scanned once from its start to its end and nothing is executed, so that whatever is in it ends.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.latex.scanner import Scan, group_at
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.blocks import joined
from wherein.ingest.readers.shared.decode import clean, decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import marks_of
from wherein.ingest.readers.shared.metadata import described

__all__ = ["READER", "looks_like_latex", "read"]

_MEDIA_TYPE = "text/x-tex"
_PREAMBLE_LIMIT = 100_000
_NOTED_FILES = 20
_FIRST = re.compile(r"(?:\s|%[^\n]*\n)*+\\documentclass\b")
_ENCODING = re.compile(rb"\\usepackage\[([\w-]+)\]\{inputenc\}")
_CODECS = {
    "latin1": "latin-1",
    "latin9": "iso8859-15",
    "ansinew": "cp1252",
    "cp1252": "cp1252",
    "applemac": "mac-roman",
}


def looks_like_latex(head: str) -> bool:
    """Whether a file that begins with `head` begins with a document's class."""
    return _FIRST.match(head) is not None


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors.

    Files that it includes are not looked for; they are noted.
    """
    source = _decoded(stream.read()).replace("\r\n", "\n").replace("\r", "\n")
    require_text(source)
    preamble, begin, body = source.partition("\\begin{document}")
    scan = Scan(body.partition("\\end{document}")[0] if begin else source)
    scan.run()
    title = _value("title", source)
    text, headings = joined(scan.page.blocks)
    if title and not text.startswith(title):
        gap = "\n\n" if text else ""
        headings = [heading._replace(start=heading.start + len(title) + len(gap)) for heading in headings]
        text = f"{title}{gap}{text}"
    require_text(text)
    metadata = described(author=_authors(source), created=_value("date", preamble))
    notes = _included(scan.included)
    title = title or (headings[0].title if headings else name_as_title(name))
    yield Document(title, text, _MEDIA_TYPE, metadata=metadata, marks=marks_of(headings), notes=notes)


def _value(command: str, source: str) -> str:
    """Return what a command such as `title` is given, as one line."""
    found = re.search(rf"\\{command}\s*(?:\[[^\[\]\n]{{0,500}}\])?(?=\{{)", source[:_PREAMBLE_LIMIT])
    group = group_at(source, found.end()) if found else None
    if not group:
        return ""
    scan = Scan(group)
    scan.run()
    return " ".join(joined(scan.page.blocks)[0].split())


def _authors(source: str) -> list[str]:
    found = re.search(r"\\author\s*(?:\[[^\[\]\n]{0,500}\])?(?=\{)", source[:_PREAMBLE_LIMIT])
    group = group_at(source, found.end()) if found else None
    names = re.split(r"\\(?:and|AND|And)\b", group or "")
    # Below the name of an author stand his place and address.
    first_lines = (re.split(r"\\\\|\n\s*\n", name.strip(), maxsplit=1)[0] for name in names)
    return [_value("author", f"\\author{{{line}}}") for line in first_lines]


def _included(names: list[str]) -> tuple[str, ...]:
    if not names:
        return ()
    more = " and more" if len(names) > _NOTED_FILES else ""
    return (f"what it includes is not part of it: {', '.join(names[:_NOTED_FILES])}{more}"[:500],)


def _decoded(data: bytes) -> str:
    declared = _ENCODING.search(data[:_PREAMBLE_LIMIT])
    codec = _CODECS.get(declared[1].decode("ascii")) if declared else None
    try:
        return decode(data)
    except Unreadable:
        if codec is None:
            raise
        return clean(data.decode(codec, "replace"))


READER = Reader("latex", 1, _MEDIA_TYPE, read)

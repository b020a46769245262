"""LaTeX as the text that the typeset page would show: commands are removed, formulas stay as written.

The source is scanned once from start to end and nothing is executed, so that reading ends whatever the file holds.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.latex.scanner import Scanner, braced_group
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.blocks import join_blocks
from wherein.ingest.readers.shared.charset import Charset, charset_for_label
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import heading_marks
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.text.outlined import included_note

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-tex"
_MAX_PREAMBLE = 100_000
_INPUTENC = re.compile(rb"\\usepackage\[([\w-]+)\]\{inputenc\}")
_CODECS = {
    "ansinew": "cp1252",
    "applemac": "mac-roman",
    "cp1252": "cp1252",
    "latin2": "iso8859-2",
    "latin3": "iso8859-3",
    "latin4": "iso8859-4",
    "latin9": "iso8859-15",
    "latin10": "iso8859-16",
    "utf8x": "utf-8",
}


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors.

    Included files are not read; a note names them.
    """
    data = stream.read()
    decoded = decode(data, context.encoding, _declared(data))
    source = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    require_text(source)
    preamble, begin, body = source.partition("\\begin{document}")
    scanner = Scanner(body.partition("\\end{document}")[0] if begin else source)
    scanner.run()
    title = _argument("title", source)
    text, headings = join_blocks(scanner.writer.blocks)
    if title and not text.startswith(title):
        gap = "\n\n" if text else ""
        headings = [heading._replace(start=heading.start + len(title) + len(gap)) for heading in headings]
        text = f"{title}{gap}{text}"
    require_text(text)
    metadata = standard_metadata(author=_authors(source), created=_argument("date", preamble))
    notes = included_note(scanner.included)
    title = title or (headings[0].title if headings else name_as_title(name))
    marks = heading_marks(headings)
    yield decoded.annotate(Document(title, text, _MEDIA_TYPE, metadata=metadata, marks=marks, notes=notes))


def _argument(command: str, source: str) -> str:
    """Return the argument of a command such as `title` as one line of text."""
    match = re.search(rf"\\{command}\s*(?:\[[^\[\]\n]{{0,500}}\])?(?=\{{)", source[:_MAX_PREAMBLE])
    group = braced_group(source, match.end()) if match else None
    if not group:
        return ""
    scanner = Scanner(group)
    scanner.run()
    return " ".join(join_blocks(scanner.writer.blocks)[0].split())


def _authors(source: str) -> list[str]:
    match = re.search(r"\\author\s*(?:\[[^\[\]\n]{0,500}\])?(?=\{)", source[:_MAX_PREAMBLE])
    group = braced_group(source, match.end()) if match else None
    names = re.split(r"\\(?:and|AND|And)\b", group or "")
    # Affiliation and address follow on the lines below the name.
    first_lines = (re.split(r"\\\\|\n\s*\n", name.strip(), maxsplit=1)[0] for name in names)
    return [_argument("author", f"\\author{{{line}}}") for line in first_lines]


def _declared(data: bytes) -> Charset | None:
    match = _INPUTENC.search(data[:_MAX_PREAMBLE])
    name = match[1].decode("ascii") if match else ""
    return charset_for_label(_CODECS.get(name, name)) if name else None


READER = text_reader("latex", 4, _MEDIA_TYPE, read)

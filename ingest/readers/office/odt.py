"""OpenDocument texts: paragraphs, lists and tables in their order, without deletions and comments.

Footnotes and endnotes stand at the end, the text of a text box before the paragraph that it is anchored to.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.flow import Flow, mark_of_notes
from wherein.ingest.readers.office.odf import TABLES, Inline, content, properties
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import name_as_title, require_text
from wherein.ingest.readers.shared.headings import marks_of
from wherein.ingest.readers.shared.package import Package, opened_package
from wherein.ingest.readers.shared.xml_events import END, START

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.text"


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors."""
    with opened_package(stream) as package:
        document = _document(package, name)
    yield document


def _document(package: Package, name: str) -> Document:
    writer = _Writer()
    for kind, value, attributes in content(package):
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end(value)
        else:
            writer.inline.text(value)
    text, headings = writer.flow.joined()
    for note in writer.notes:
        writer.flow.paragraph(note)
    whole, _ = writer.flow.joined()
    require_text(whole)
    marks = (*marks_of(headings), *mark_of_notes(text, whole))
    about = properties(package)
    title = about.title or (headings[0].title if headings else "") or name_as_title(name)
    return Document(title, whole, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=about.notes)


class _Writer:
    """Writes a flow, and keeps the notes apart."""

    def __init__(self) -> None:
        self.flow = Flow()
        self.inline = Inline()
        self.notes: list[str] = []
        self._level = 0
        self._lists = 0
        self._in_note = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in TABLES:
            self.flow.enter(TABLES[tag])
        elif tag == "text:list":
            self._lists += 1
        elif tag == "text:note-body":
            self._in_note += 1
        else:
            if tag == "text:h":
                level = attributes.get("text:outline-level", "1")
                self._level = int(level) if level.isdecimal() and len(level) == 1 else 1
            self.inline.start(tag, attributes)

    def end(self, tag: str) -> None:
        if tag in TABLES:
            self.flow.leave(TABLES[tag])
        elif tag == "text:list":
            self._lists -= 1
        elif tag == "text:note-body":
            self._in_note -= 1
        elif (text := self.inline.end(tag)) is not None:
            if self._in_note:
                self.notes.append(text)
            else:
                self.flow.paragraph(text, self._level if tag == "text:h" else 0, self._lists)


READER = Reader("odt", 1, _MEDIA_TYPE, read)

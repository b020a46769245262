"""OpenDocument texts: paragraphs, lists and tables in order, without deletions and comments.

Footnotes and endnotes come last, the text of a text box before the paragraph that it is anchored to.
"""

from collections import Counter
from collections.abc import Mapping

from wherein.ingest.document import Document
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.odf import TABLES, Inline, Parts, content_events, read_properties
from wherein.ingest.readers.office.text_flow import Flow, endnotes_mark
from wherein.ingest.readers.shared.decode import name_as_title, require_text
from wherein.ingest.readers.shared.headings import first_heading, heading_marks
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.xml_events import END, START

__all__ = ["READER", "read_package"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.text"


def read_package(package: Parts, name: str) -> Document:
    """Return the document in a package; see `Reader` for the errors."""
    writer, left_out = _Writer(), Counter[str]()
    for kind, value, attributes in content_events(package, left_out):
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end(value)
        else:
            writer.inline.text(value)
    text, headings = writer.flow.join()
    for note in writer.notes:
        writer.flow.add_paragraph(note)
    full_text, _ = writer.flow.join()
    require_text(full_text)
    marks = (*heading_marks(headings), *endnotes_mark(text, full_text))
    default_title = first_heading(marks) or name_as_title(name)
    return read_properties(package).document(default_title, full_text, _MEDIA_TYPE, marks, left_out_note(left_out))


class _Writer:
    """Writes a flow, and collects the notes separately."""

    def __init__(self) -> None:
        self.flow = Flow()
        self.inline = Inline()
        self.notes: list[str] = []
        self._level = 0
        self._list_depth = 0
        self._in_note = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in TABLES:
            self.flow.enter(TABLES[tag])
        elif tag == "text:list":
            self._list_depth += 1
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
            self._list_depth -= 1
        elif tag == "text:note-body":
            self._in_note -= 1
        elif (text := self.inline.end(tag)) is not None:
            if self._in_note:
                self.notes.append(text)
            else:
                self.flow.add_paragraph(text, self._level if tag == "text:h" else 0, self._list_depth)


READER = package_reader("odt", 3, _MEDIA_TYPE, read_package)

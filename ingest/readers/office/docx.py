"""Word documents: paragraphs, lists and tables in their order, as they look with all changes accepted.

Headings and items of lists have the numbers that Word gives them. Deleted and hidden text, comments, headers and
footers are left out. Footnotes and endnotes stand at the end, the text of a text box before the paragraph that it is
anchored to.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.docx_numbers import Numbers
from wherein.ingest.readers.office.docx_styles import Style, is_on, learn, read_styles, resolved
from wherein.ingest.readers.office.flow import Flow, mark_of_notes
from wherein.ingest.readers.office.opc import main_part, part_events, properties, related, relations
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import name_as_title, require_text
from wherein.ingest.readers.shared.headings import marks_of
from wherein.ingest.readers.shared.package import Package, opened_package
from wherein.ingest.readers.shared.xml_events import END, START, Event, without

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LEFT_OUT = frozenset((
    "w:del", "w:moveFrom", "w:pPrChange", "w:rPrChange", "w:tabs", "w:rt", "mc:Fallback", "w:sdtPr", "w:instrText",
))  # fmt: skip
_TABLES = {"w:tbl": "table", "w:tr": "tr", "w:tc": "td"}
_SIGNS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
_BODY_TEXT = 9


@dataclass
class _Paragraph(Style):
    pieces: list[str] = field(default_factory=list)
    run_hidden: bool = False
    in_text: bool = False


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors."""
    with opened_package(stream) as package:
        document = _document(package, name)
    yield document


def _document(package: Package, name: str) -> Document:
    main = main_part(package)
    found = relations(package, main)
    styles, language = read_styles(package, related(found, "styles"))
    numbers = Numbers(package, related(found, "numbering"))
    flow = Flow()
    _write(part_events(package, main), styles, numbers, flow)
    text, headings = flow.joined()
    for kind in ("footnotes", "endnotes"):
        part = related(found, kind)
        if part is not None and part in package:
            _write(_without_separators(part_events(package, part)), styles, numbers, flow)
    whole, _ = flow.joined()
    require_text(whole)
    marks = (*marks_of(headings), *mark_of_notes(text, whole))
    about = properties(package, language)
    first = headings[0].title if headings else ""
    title = about.title or first or name_as_title(name)
    return Document(title, whole, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=about.notes)


def _write(stream: Iterable[Event], styles: Mapping[str, Style], numbers: Numbers, flow: Flow) -> None:
    writer = _Writer(styles, numbers, flow)
    for kind, value, attributes in without(stream, _LEFT_OUT):
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end(value)
        else:
            writer.text(value)


class _Writer:
    """Writes a flow from the events of a part. Paragraphs are open inside each other where text boxes are."""

    def __init__(self, styles: Mapping[str, Style], numbers: Numbers, flow: Flow) -> None:
        self._styles = styles
        self._numbers = numbers
        self._flow = flow
        self._open: list[_Paragraph] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "w:p":
            self._open.append(_Paragraph())
        elif tag in _TABLES:
            self._flow.enter(_TABLES[tag])
        elif self._open:
            self._inside(self._open[-1], tag, attributes)

    def _inside(self, paragraph: _Paragraph, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "w:r":
            paragraph.run_hidden = False
        elif tag == "w:vanish":
            paragraph.run_hidden = is_on(attributes)
        elif tag in ("w:t", "m:t"):
            paragraph.in_text = True
        elif tag in _SIGNS:
            self._add(paragraph, _SIGNS[tag])
        else:
            learn(paragraph, tag, attributes)

    def end(self, tag: str) -> None:
        if tag in _TABLES:
            self._flow.leave(_TABLES[tag])
        elif tag == "w:p" and self._open:
            self._close(self._open.pop())
        elif tag in ("w:t", "m:t") and self._open:
            self._open[-1].in_text = False

    def text(self, text: str) -> None:
        if self._open and self._open[-1].in_text:
            self._add(self._open[-1], text.replace("\n", " "))

    @staticmethod
    def _add(paragraph: _Paragraph, text: str) -> None:
        if not paragraph.run_hidden:
            paragraph.pieces.append(text)

    def _close(self, paragraph: _Paragraph) -> None:
        style = resolved(paragraph, self._styles)
        heading = style.outline + 1 if style.outline is not None and style.outline < _BODY_TEXT else 0
        label = self._numbers.label(style.list_id, style.item, paragraph.based_on) if style.list_id else None
        text = "".join(paragraph.pieces)
        if heading:
            self._flow.paragraph(f"{label.text} {text}" if label and label.text and text.strip() else text, heading)
        else:
            self._flow.paragraph(text, 0, label.level + 1 if label else 0, label.text if label else "")


def _without_separators(stream: Iterable[Event]) -> Iterator[Event]:
    """Leave out the notes that stand for the lines between text and notes."""
    depth = 0
    for event in stream:
        kind, tag, attributes = event
        if depth:
            depth += (kind is START) - (kind is END)
        elif kind is START and tag in ("w:footnote", "w:endnote") and attributes.get("w:type", "normal") != "normal":
            depth = 1
        else:
            yield event


READER = Reader("docx", 1, _MEDIA_TYPE, read)

"""Word documents: paragraphs, lists and tables in order, as they look with all tracked changes accepted.

Headings and list items have the numbers that Word shows. Deleted and hidden text, comments, headers and footers are
left out. Footnotes and endnotes come last, the text of a text box before the paragraph that it is anchored to.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wherein.ingest.document import Document
from wherein.ingest.readers.office.docx_numbers import Numbers
from wherein.ingest.readers.office.docx_styles import Style, apply_property, is_on, read_styles, resolve
from wherein.ingest.readers.office.opc import first_target, main_part, part_events, read_properties, relations
from wherein.ingest.readers.office.text_flow import Flow, endnotes_mark
from wherein.ingest.readers.shared.decode import name_as_title, require_text
from wherein.ingest.readers.shared.headings import first_heading, heading_marks
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.xml_events import END, START, Event, without_elements

__all__ = ["READER"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Deletions, what was moved away, former properties, tab stops (named like tabs), ruby text, the copy for older
# programs, properties of content controls, and the codes of fields.
_LEFT_OUT = frozenset((
    "w:del", "w:moveFrom", "w:pPrChange", "w:rPrChange", "w:tabs", "w:rt", "mc:Fallback", "w:sdtPr", "w:instrText",
))  # fmt: skip
_TABLES = {"w:tbl": "table", "w:tr": "tr", "w:tc": "td"}
_CHARACTERS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
_BODY_TEXT = 9


@dataclass
class _Paragraph(Style):
    pieces: list[str] = field(default_factory=list)
    run_hidden: bool = False
    in_text: bool = False


def _document(package: Package, name: str) -> Document:
    main = main_part(package)
    related = relations(package, main)
    styles, language = read_styles(package, first_target(related, "styles"))
    numbers = Numbers(package, first_target(related, "numbering"))
    flow = Flow()
    _write(part_events(package, main), styles, numbers, flow)
    text, headings = flow.join()
    for kind in ("footnotes", "endnotes"):
        part = first_target(related, kind)
        if part is not None and part in package:
            _write(_without_separators(part_events(package, part)), styles, numbers, flow)
    full_text, _ = flow.join()
    require_text(full_text)
    marks = (*heading_marks(headings), *endnotes_mark(text, full_text))
    default_title = first_heading(marks) or name_as_title(name)
    return read_properties(package, language).document(default_title, full_text, _MEDIA_TYPE, marks)


def _write(stream: Iterable[Event], styles: Mapping[str, Style], numbers: Numbers, flow: Flow) -> None:
    writer = _Writer(styles, numbers, flow)
    for kind, value, attributes in without_elements(stream, _LEFT_OUT):
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end(value)
        else:
            writer.text(value)


class _Writer:
    """Writes a flow from the events of a part. A paragraph with a text box has paragraphs inside it."""

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
            self._start_in_paragraph(self._open[-1], tag, attributes)

    def _start_in_paragraph(self, paragraph: _Paragraph, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "w:r":
            paragraph.run_hidden = False
        elif tag == "w:vanish":
            paragraph.run_hidden = is_on(attributes)
        elif tag in ("w:t", "m:t"):
            paragraph.in_text = True
        elif tag in _CHARACTERS:
            self._add(paragraph, _CHARACTERS[tag])
        else:
            apply_property(paragraph, tag, attributes)

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
        style = resolve(paragraph, self._styles)
        heading = style.outline + 1 if style.outline is not None and style.outline < _BODY_TEXT else 0
        label = self._numbers.label(style.list_id, style.item, paragraph.based_on) if style.list_id else None
        text = "".join(paragraph.pieces)
        if heading:
            self._flow.add_paragraph(f"{label.text} {text}" if label and label.text and text.strip() else text, heading)
        else:
            self._flow.add_paragraph(text, 0, label.level + 1 if label else 0, label.text if label else "")


def _without_separators(stream: Iterable[Event]) -> Iterator[Event]:
    """Leave out the notes that only describe the lines between the text and its notes."""
    depth = 0
    for event in stream:
        kind, tag, attributes = event
        if depth:
            depth += (kind is START) - (kind is END)
        elif kind is START and tag in ("w:footnote", "w:endnote") and attributes.get("w:type", "normal") != "normal":
            depth = 1
        else:
            yield event


READER = package_reader("docx", 1, _MEDIA_TYPE, _document)

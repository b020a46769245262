"""Word documents: paragraphs, lists and tables in their order, as they look with all changes accepted.

Deleted and hidden text, comments, headers and footers are left out. Footnotes and endnotes stand at the end, the text
of a text box before the paragraph that it is anchored to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from ingest.document import Document, Mark, Problem
from ingest.readers.decode import name_as_title, require_text
from ingest.readers.flow import Flow
from ingest.readers.headings import marks_of
from ingest.readers.opc import main_part, part_events, properties, related, relations
from ingest.readers.reader import Reader
from ingest.readers.xml_events import END, START, Event, without
from ingest.readers.zipped import Package, opened_package

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LEFT_OUT = frozenset((
    "w:del", "w:moveFrom", "w:pPrChange", "w:rPrChange", "w:tabs", "w:rt", "mc:Fallback", "w:sdtPr", "w:instrText",
))  # fmt: skip
_TABLES = {"w:tbl": "table", "w:tr": "tr", "w:tc": "td"}
_SIGNS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
_OFF = frozenset(("0", "false", "off"))
_BODY_TEXT = 9


@dataclass
class _Style:
    """What a style, or a paragraph of its own, says: outline level and list level from 0, whether it is in a list.

    The title of a document is the outermost heading to a reader, though not to Word: styles based on it are none.
    """

    based_on: str = ""
    outline: int | None = None
    item: int | None = None
    numbered: bool | None = None
    is_title: bool = False


@dataclass
class _Paragraph(_Style):
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
    styles, language = _styles(package, related(found, "styles"))
    flow = Flow()
    _write(part_events(package, main), styles, flow)
    text, headings = flow.joined()
    marks = marks_of(headings)
    notes = [part for kind in ("footnotes", "endnotes") if (part := related(found, kind)) and part in package]
    for part in notes:
        _write(_without_separators(part_events(package, part)), styles, flow)
    whole, _ = flow.joined()
    if marks and len(whole) > len(text):
        marks += (
            Mark(
                len(whole) - len(whole[len(text) :].lstrip()),
            ),
        )
    require_text(whole)
    about = properties(package, language)
    first = headings[0].title if headings else ""
    title = about.title or first or name_as_title(name)
    return Document(title, whole, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=about.notes)


def _write(stream: Iterable[Event], styles: Mapping[str, _Style], flow: Flow) -> None:
    writer = _Writer(styles, flow)
    for kind, value, attributes in without(stream, _LEFT_OUT):
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end(value)
        else:
            writer.text(value)


class _Writer:
    """Writes a flow from the events of a part. Paragraphs are open inside each other where text boxes are."""

    def __init__(self, styles: Mapping[str, _Style], flow: Flow) -> None:
        self._styles = styles
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
            paragraph.run_hidden = _is_on(attributes)
        elif tag in ("w:t", "m:t"):
            paragraph.in_text = True
        elif tag in _SIGNS:
            self._add(paragraph, _SIGNS[tag])
        else:
            _learn(paragraph, tag, attributes)

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
        style = _resolved(paragraph, self._styles)
        heading = style.outline + 1 if style.outline is not None and style.outline < _BODY_TEXT else 0
        item = (style.item or 0) + 1 if style.numbered else 0
        self._flow.paragraph("".join(paragraph.pieces), heading, item)


def _learn(style: _Style, tag: str, attributes: Mapping[str, str]) -> None:
    """Take in what an element of paragraph properties says."""
    value = attributes.get("w:val", "")
    if tag in ("w:pStyle", "w:basedOn"):
        style.based_on = value
    elif tag == "w:outlineLvl":
        style.outline = _level(value)
    elif tag == "w:ilvl":
        style.item = _level(value)
    elif tag == "w:numId":
        style.numbered = value != "0"


def _level(value: str) -> int | None:
    return int(value) if len(value) == 1 and value in "0123456789" else None


def _is_on(attributes: Mapping[str, str]) -> bool:
    return attributes.get("w:val", "true").lower() not in _OFF


def _resolved(style: _Style, styles: Mapping[str, _Style]) -> _Style:
    """Return the style with what it does not say itself taken from those it is based on."""
    found = _Style("", style.outline, style.item, style.numbered)
    if found.outline is None and style.based_on in styles and styles[style.based_on].is_title:
        found.outline = 0
    seen = set[str]()
    while style.based_on not in seen and style.based_on in styles:
        seen.add(style.based_on)
        style = styles[style.based_on]
        found.outline = style.outline if found.outline is None else found.outline
        found.item = style.item if found.item is None else found.item
        found.numbered = style.numbered if found.numbered is None else found.numbered
    return found


def _styles(package: Package, part: str | None) -> tuple[dict[str, _Style], str]:
    """Return the paragraph styles by their ids, and the language of the document."""
    styles: dict[str, _Style] = {}
    language = ""
    style = _Style()
    if part is None or part not in package:
        return styles, language
    for kind, tag, attributes in without(part_events(package, part), _LEFT_OUT):
        if kind is not START:
            continue
        if tag == "w:style":
            style = _Style()
            if attributes.get("w:type") == "paragraph":
                styles[attributes.get("w:styleId", "")] = style
        elif tag == "w:name":
            _learn_name(style, attributes.get("w:val", ""))
        elif tag == "w:lang" and not styles:
            language = attributes.get("w:val", "")
        else:
            _learn(style, tag, attributes)
    return styles, language


def _learn_name(style: _Style, name: str) -> None:
    """Take in what the names of Word's own styles mean, which are English in every language."""
    heading = re.fullmatch(r"heading ([1-9])", name.lower())
    deeper = re.fullmatch(r"list (?:bullet|number) ([2-5])", name.lower())
    style.is_title = name.lower() == "title"
    if heading:
        style.outline = int(heading[1]) - 1
    elif deeper:
        style.item = int(deeper[1]) - 1


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

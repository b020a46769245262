"""PowerPoint presentations: the text of each slide, its title first, its tables as rows, and the speaker's notes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.flow import Flow
from wherein.ingest.readers.office.opc import main_part, part_events, properties, related, relations
from wherein.ingest.readers.office.slides import Slide, joined_slides
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.blocks import Block
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.package import Package, opened_package
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, Event, without

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_LEFT_OUT = frozenset(("mc:Fallback",))
_TABLES = {"a:tbl": "table", "a:tr": "tr", "a:tc": "td"}
_TEXTS = frozenset(("a:t", "m:t"))
_DRAWN = frozenset(("diagramData", "chart"))
_TITLES = frozenset(("title", "ctrTitle"))
# Date, footer, header and number of the slide, and on the page of notes its picture.
_FURNITURE = frozenset(("dt", "ftr", "hdr", "sldNum", "sldImg"))


@dataclass
class _Shape:
    """A shape while it is read: what it holds the place of, and its paragraphs."""

    role: str = ""
    lines: list[str] = field(default_factory=list)


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with a mark a slide; see `Reader` for the errors."""
    with opened_package(stream) as package:
        text, marks, notes = joined_slides(_slides(package))
        about = properties(package)
    first = next((mark.heading[0] for mark in marks if mark.heading), "")
    title = about.title or first or name_as_title(name)
    yield Document(title, text, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=(*notes, *about.notes))


def _slides(package: Package) -> Iterator[Slide | None]:
    main = main_part(package)
    parts = relations(package, main)
    for kind, tag, attributes in part_events(package, main):
        if kind is START and tag == "p:sldId":
            relation = parts.get(attributes.get("r:id", ""))
            try:
                yield _slide(package, relation.target) if relation else None
            except Unreadable:
                yield None


def _slide(package: Package, part: str) -> Slide:
    found = relations(package, part)
    title, blocks = _content(part_events(package, part))
    for relation in found.values():
        if relation.kind in _DRAWN and relation.target in package:
            blocks += _content(part_events(package, relation.target))[1]
    notes = related(found, "notesSlide")
    if notes is None or notes not in package:
        return Slide(title, blocks)
    _, said = _content(part_events(package, notes))
    return Slide(title, blocks, said)


def _content(stream: Iterable[Event]) -> tuple[str, list[Block]]:
    """Return the title and the rest of what is seen."""
    writer = _Writer()
    for kind, value, attributes in without(stream, _LEFT_OUT):
        if kind is START:
            writer.start(value, attributes.get("type", ""))
        elif kind is END:
            writer.end(value)
        elif kind is TEXT and writer.in_text:
            writer.pieces.append(value.replace("\n", " "))
    return " ".join(" ".join(writer.titles).split()), list(writer.flow.blocks)


class _Writer:
    """Collects titles, and writes a flow of the other shapes and tables."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.flow = Flow()
        self.pieces: list[str] = []
        self.in_text = False
        self._shape: _Shape | None = None

    def start(self, tag: str, role: str) -> None:
        if tag == "p:sp":
            self._shape = _Shape()
        elif tag == "p:ph" and self._shape:
            self._shape.role = role
        elif tag in _TABLES:
            self.flow.enter(_TABLES[tag])
        elif tag == "a:p":
            self.pieces.clear()
        elif tag == "a:br":
            self.pieces.append("\n")
        elif tag in _TEXTS:
            self.in_text = True

    def end(self, tag: str) -> None:
        if tag in _TEXTS:
            self.in_text = False
        elif tag == "a:p":
            self._paragraph("".join(self.pieces))
            self.pieces.clear()
        elif tag in _TABLES:
            self.flow.leave(_TABLES[tag])
        elif tag == "p:sp" and self._shape:
            self._close(self._shape)
            self._shape = None

    def _paragraph(self, text: str) -> None:
        if self._shape:
            self._shape.lines.append(text)
        else:
            self.flow.paragraph(text)

    def _close(self, shape: _Shape) -> None:
        if shape.role in _TITLES:
            self.titles += shape.lines
        elif shape.role not in _FURNITURE:
            self.flow.paragraph("\n".join(shape.lines))


READER = Reader("pptx", 1, _MEDIA_TYPE, read)

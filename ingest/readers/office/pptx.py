"""PowerPoint presentations: the text of each slide, its title first, its tables as rows, and the speaker's notes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.opc import Relation, first_target, main_part, part_events, read_properties, relations
from wherein.ingest.readers.office.shapes import alternative_text
from wherein.ingest.readers.office.slides import Slide, join_slides
from wherein.ingest.readers.office.text_flow import Flow
from wherein.ingest.readers.shared.allowance import LimitExceeded
from wherein.ingest.readers.shared.blocks import Block
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.formulas import with_formulas
from wherein.ingest.readers.shared.headings import first_heading
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, Event, without_elements

__all__ = ["READER"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_LEFT_OUT = frozenset(("mc:Fallback",))  # the same content again, for older programs
_TABLES = {"a:tbl": "table", "a:tr": "tr", "a:tc": "td"}
_TEXT = "a:t"
_DRAWINGS = frozenset(("diagramData", "chart"))
_COMMENTS = "comments"
_TITLES = frozenset(("title", "ctrTitle"))
# Date, footer, header and number of the slide, and the picture of the slide on the page of notes.
_PLACEHOLDERS = frozenset(("dt", "ftr", "hdr", "sldNum", "sldImg"))


@dataclass
class _Shape:
    """A shape while it is read: the role of its placeholder, and its paragraphs."""

    role: str = ""
    lines: list[str] = field(default_factory=list)


def _document(package: Package, name: str) -> Document:
    left_out = Counter[str]()
    text, marks, notes = join_slides(_slides(package, left_out))
    default_title = first_heading(marks) or name_as_title(name)
    return read_properties(package).document(
        default_title, text, _MEDIA_TYPE, marks, (*notes, *left_out_note(left_out))
    )


def _slides(package: Package, left_out: Counter[str]) -> Iterator[Slide | None]:
    main = main_part(package)
    parts = relations(package, main)
    for kind, tag, attributes in part_events(package, main):
        if kind is START and tag == "p:sldId":
            relation = parts.get(attributes.get("r:id", ""))
            try:
                yield _slide(package, relation.target, left_out) if relation else None
            except Unreadable:
                yield None


def _slide(package: Package, part: str, left_out: Counter[str]) -> Slide:
    related = relations(package, part)
    left_out["comments"] += sum(_comments(package, related))
    title, blocks = _content(part_events(package, part))
    for relation in related.values():
        if relation.kind in _DRAWINGS and relation.target in package:
            blocks += _beside(package, relation.target, left_out)
    notes = first_target(related, "notesSlide")
    if notes is None or notes not in package:
        return Slide(title, blocks)
    return Slide(title, blocks, _beside(package, notes, left_out))


def _beside(package: Package, part: str, left_out: Counter[str]) -> Sequence[Block]:
    """Return the text of a drawing, or of notes; damage to it does not affect the slide."""
    try:
        return _content(part_events(package, part))[1]
    except LimitExceeded:
        raise
    except Unreadable:
        left_out["damaged parts"] += 1
        return ()


def _comments(package: Package, related: Mapping[str, Relation]) -> Iterator[int]:
    """Yield how many comments each part with comments holds; PowerPoint has two formats for them."""
    for relation in related.values():
        if relation.kind == _COMMENTS and relation.target in package:
            with suppress(Unreadable):  # only their number is lost
                stream = part_events(package, relation.target)
                yield sum(
                    kind is START and tag.rpartition(":")[2].rpartition(" ")[2] == "cm" for kind, tag, _ in stream
                )


def _content(stream: Iterable[Event]) -> tuple[str, list[Block]]:
    """Return the title and the blocks of the rest of the visible text."""
    writer = _Writer()
    for kind, value, attributes in with_formulas(without_elements(stream, _LEFT_OUT), _TEXT):
        if kind is START:
            writer.start(value, attributes)
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

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "p:sp":
            self._shape = _Shape()
        elif tag == "p:ph" and self._shape:
            self._shape.role = attributes.get("type", "")
        elif tag == "p:cNvPr":
            self.flow.add_paragraph(alternative_text(attributes))
        elif tag in _TABLES:
            self.flow.enter(_TABLES[tag])
        elif tag == "a:p":
            self.pieces.clear()
        elif tag == "a:br":
            self.pieces.append("\n")
        elif tag == _TEXT:
            self.in_text = True

    def end(self, tag: str) -> None:
        if tag == _TEXT:
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
            self.flow.add_paragraph(text)

    def _close(self, shape: _Shape) -> None:
        if shape.role in _TITLES:
            self.titles += shape.lines
        elif shape.role not in _PLACEHOLDERS:
            self.flow.add_paragraph("\n".join(shape.lines))


READER = package_reader("pptx", 4, _MEDIA_TYPE, _document)

"""Word documents: paragraphs, lists and tables in order, as they look with all tracked changes accepted.

Headings and list items have the numbers that Word shows. Deleted and hidden text, comments, headers and footers are
left out. Footnotes and endnotes come last, the text of a text box before the paragraph that it is anchored to. Of a
picture, its description is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.office.docx_chunks import chunk_blocks
from wherein.ingest.readers.office.docx_numbers import Numbers
from wherein.ingest.readers.office.docx_styles import Style, apply_property, is_on, read_styles, resolve
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.opc import Relation, first_target, main_part, part_events, read_properties, relations
from wherein.ingest.readers.office.shapes import alternative_text
from wherein.ingest.readers.office.symbols import symbol
from wherein.ingest.readers.office.text_flow import Flow, endnotes_mark
from wherein.ingest.readers.shared.blocks import Block
from wherein.ingest.readers.shared.decode import name_as_title, require_text
from wherein.ingest.readers.shared.formulas import with_formulas
from wherein.ingest.readers.shared.headings import first_heading, heading_marks
from wherein.ingest.readers.shared.package import Package, open_package
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, Event, without_elements

__all__ = ["READER"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Deletions, what was moved away, former properties, tab stops (named like tabs), ruby text, the copy for older
# programs, properties of content controls, and the codes of fields.
_LEFT_OUT = frozenset((
    "w:del", "w:moveFrom", "w:pPrChange", "w:rPrChange", "w:tabs", "w:rt", "mc:Fallback", "w:sdtPr", "w:instrText",
))  # fmt: skip
_TEXT, _FORMULA = "w:t", "m:oMath"
_TABLES = {"w:tbl": "table", "w:tr": "tr", "w:tc": "td"}
_CHARACTERS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
_LEFT_OUT_PARTS = ("comments", "headers", "footers")
_BODY_TEXT = 9


@dataclass
class _Paragraph(Style):
    pieces: list[str] = field(default_factory=list)
    run_hidden: bool = False
    in_text: bool = False
    is_initial: bool = False


def _document(package: Package, name: str) -> Document:
    main = main_part(package)
    related = relations(package, main)
    styles, language = read_styles(package, first_target(related, "styles"))
    numbers = Numbers(package, first_target(related, "numbering"))
    chunks = _Chunks(package, related, depth=0)
    flow = Flow()
    _write(part_events(package, main), styles, numbers, flow, chunks)
    text, headings = flow.join()
    for kind in ("footnotes", "endnotes"):
        part = first_target(related, kind)
        if part is not None and part in package:
            _write(_without_separators(part_events(package, part)), styles, numbers, flow, chunks)
    full_text, _ = flow.join()
    require_text(full_text)
    marks = (*heading_marks(headings), *endnotes_mark(text, full_text))
    default_title = first_heading(marks) or name_as_title(name)
    notes = (*_left_out(package, related), *chunks.notes)
    return read_properties(package, language).document(default_title, full_text, _MEDIA_TYPE, marks, notes)


def _left_out(package: Package, related: Mapping[str, Relation]) -> tuple[str, ...]:
    """Return a note on the parts that hold text and are left out."""
    counts = dict.fromkeys(_LEFT_OUT_PARTS, 0)
    for relation in related.values():
        kind = f"{relation.kind.removesuffix('s')}s"
        if kind in counts and relation.target in package:
            counts[kind] += _count(package, relation.target, "w:comment" if kind == "comments" else "")
    return left_out_note(counts)


def _count(package: Package, part: str, tag: str) -> int:
    """Return how many elements of this name a part has; without a name, 1 if it has text. A damaged part has none."""
    count, in_text, has_text = 0, False, False
    try:
        for kind, value, _ in part_events(package, part):
            if kind is TEXT:
                has_text = has_text or (in_text and not value.isspace())
            else:
                in_text = kind is START and value == "w:t"
                count += kind is START and value == tag
    except Unreadable:
        return 0
    return count if tag else int(has_text)


class _Chunks:
    """The files whose text is a part of the document, by the ids of their relations, and notes on unreadable ones."""

    def __init__(self, package: Package, related: Mapping[str, Relation], depth: int) -> None:
        self._package, self._related, self._depth = package, related, depth
        self.notes: list[str] = []

    def blocks(self, identity: str) -> Sequence[Block]:
        """Return the text of a chunk."""
        relation = self._related.get(identity)
        try:
            if relation is None or relation.target not in self._package:
                raise Unreadable("it is missing")
            return chunk_blocks(self._package, relation.target, self._depth, self._document_blocks)
        except Unreadable as problem:
            self.notes.append(f"a file that is a part of the text cannot be read: {problem}")
            return ()

    def _document_blocks(self, data: bytes, depth: int) -> Sequence[Block]:
        with open_package(BytesIO(data)) as package:
            main = main_part(package)
            related = relations(package, main)
            styles, _ = read_styles(package, first_target(related, "styles"))
            flow = Flow()
            chunks = _Chunks(package, related, depth)
            _write(
                part_events(package, main), styles, Numbers(package, first_target(related, "numbering")), flow, chunks
            )
        self.notes += chunks.notes
        return flow.blocks


def _write(stream: Iterable[Event], styles: Mapping[str, Style], numbers: Numbers, flow: Flow, chunks: _Chunks) -> None:
    writer = _Writer(styles, numbers, flow, chunks)
    for kind, value, attributes in with_formulas(without_elements(stream, _LEFT_OUT), _FORMULA):
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end(value)
        else:
            writer.text(value)
    writer.close()


class _Writer:
    """Writes a flow from the events of a part. A paragraph with a text box has paragraphs inside it."""

    def __init__(self, styles: Mapping[str, Style], numbers: Numbers, flow: Flow, chunks: _Chunks) -> None:
        self._chunks = chunks
        self._initial = ""  # a letter in a frame of its own, with which the next paragraph begins
        self._styles = styles
        self._numbers = numbers
        self._flow = flow
        self._open: list[_Paragraph] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "w:p":
            self._open.append(_Paragraph())
        elif tag in _TABLES:
            self._flow.enter(_TABLES[tag])
        elif tag == "w:altChunk":
            self._flow.add_blocks(self._chunks.blocks(attributes.get("r:id", "")))
        elif self._open:
            self._start_in_paragraph(self._open[-1], tag, attributes)

    def _start_in_paragraph(self, paragraph: _Paragraph, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "w:r":
            paragraph.run_hidden = False
        elif tag == "w:vanish":
            paragraph.run_hidden = is_on(attributes)
        elif tag == _FORMULA:
            paragraph.run_hidden, paragraph.in_text = False, True
        elif tag == _TEXT:
            paragraph.in_text = True
        elif tag in _CHARACTERS:
            self._add(paragraph, _CHARACTERS[tag])
        elif tag == "w:sym":
            self._add(paragraph, symbol(attributes.get("w:font", ""), attributes.get("w:char", "")))
        elif tag == "w:framePr":
            paragraph.is_initial = attributes.get("w:dropCap", "none") != "none"
        elif tag == "wp:docPr":
            if text := alternative_text(attributes):
                self._add(paragraph, f" {text} ")
        else:
            apply_property(paragraph, tag, attributes)

    def end(self, tag: str) -> None:
        if tag in _TABLES:
            self._flow.leave(_TABLES[tag])
        elif tag == "w:p" and self._open:
            self._close(self._open.pop())
        elif tag in (_TEXT, _FORMULA) and self._open:
            self._open[-1].in_text = False

    def text(self, text: str) -> None:
        if self._open and self._open[-1].in_text:
            self._add(self._open[-1], text.replace("\n", " "))

    @staticmethod
    def _add(paragraph: _Paragraph, text: str) -> None:
        if not paragraph.run_hidden:
            paragraph.pieces.append(text)

    def close(self) -> None:
        """Write what is left when the part ends."""
        if self._initial:
            self._flow.add_paragraph(self._initial)

    def _close(self, paragraph: _Paragraph) -> None:
        style = resolve(paragraph, self._styles)
        heading = style.outline + 1 if style.outline is not None and style.outline < _BODY_TEXT else 0
        label = self._numbers.label(style.list_id, style.item, paragraph.based_on) if style.list_id else None
        text = self._initial + "".join(paragraph.pieces)
        self._initial = ""
        if paragraph.is_initial:
            self._initial = text.strip()
            return
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


READER = package_reader("docx", 4, _MEDIA_TYPE, _document)

"""PowerPoint presentations of 1997 to 2003 (.ppt): the text of each slide, its title first, and the speaker's notes.

Text of the layout, dates, footers and numbers of slides are left out. [MS-PPT] sections 2.4.14.3 (slide list), 2.9.
"""

from collections.abc import Iterator
from struct import error as StructError

from wherein.ingest.document import Document
from wherein.ingest.readers.office.ole import OleFile, ole_reader
from wherein.ingest.readers.office.ppt_records import Record, children, descendants, find, persistent_records
from wherein.ingest.readers.office.slides import Slide, join_slides
from wherein.ingest.readers.office.text_flow import Flow
from wherein.ingest.readers.shared.decode import clean, name_as_title
from wherein.ingest.readers.shared.headings import first_heading

__all__ = ["READER"]

_MEDIA_TYPE = "application/vnd.ms-powerpoint"
_SLIDE_LIST, _SLIDE_ENTRY, _NOTES_HEAD = 0x0FF0, 0x03F3, 0x03F1
_TEXT_KIND, _WIDE_TEXT, _NARROW_TEXT, _TEXT_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_SHAPE, _TEXT_BOX, _PLACEHOLDER = 0xF004, 0xF00D, 0x0BC3
_SLIDES, _NOTES = 0, 2
_TITLES, _NOTES_TEXT = frozenset((0, 6)), 2
_FURNITURE = frozenset((7, 8, 9, 10))  # date, number, footer and header
_LINE_ENDS = str.maketrans({"\r": "\n", "\v": "\n"})

_Text = tuple[int, str]
"""The kind of a text, and the text."""


def _document(ole: OleFile, name: str) -> Document:
    root, records = persistent_records(ole)
    text, marks, notes = join_slides(_slides(root, records))
    default_title = first_heading(marks) or name_as_title(name)
    return ole.properties().document(default_title, text, _MEDIA_TYPE, marks, notes)


def _slides(root: Record, records: dict[int, Record]) -> Iterator[Slide | None]:
    notes = _notes_by_slide(root, records)
    for entry, texts in _entries(root, _SLIDES):
        try:
            # Only once: a list may name the same slide any number of times.
            yield _slide(records.pop(entry.number()), texts, notes.get(entry.number(12)))
        except (StructError, KeyError):
            yield None


def _notes_by_slide(root: Record, records: dict[int, Record]) -> dict[int, Record]:
    """Return the page of notes for each slide, by the id of the slide."""
    pages = (records.get(entry.number()) for entry, _ in _entries(root, _NOTES))
    found = ((find(page, _NOTES_HEAD), page) for page in pages if page)
    return {head.number(): page for head, page in found if head}


def _entries(root: Record, instance: int) -> Iterator[tuple[Record, list[_Text]]]:
    """Yield the entries of a list, each with the texts of its outline."""
    for part in children(root):
        if part.type == _SLIDE_LIST and part.instance == instance:
            yield from _split(part)


def _split(part: Record) -> Iterator[tuple[Record, list[_Text]]]:
    entry: Record | None = None
    group: list[Record] = []
    for record in children(part):
        if record.type == _SLIDE_ENTRY:
            if entry:
                yield entry, list(_texts(group))
            entry, group = record, []
        else:
            group.append(record)
    if entry:
        yield entry, list(_texts(group))


def _texts(group: list[Record]) -> Iterator[_Text]:
    """Yield a text for each head, "" for one without."""
    kind: int | None = None
    for record in group:
        if record.type == _TEXT_KIND:
            if kind is not None:
                yield kind, ""
            kind = record.number()
        elif record.type in (_WIDE_TEXT, _NARROW_TEXT):
            codec = "utf-16-le" if record.type == _WIDE_TEXT else "latin-1"
            yield kind or 0, clean(record.content.decode(codec, "replace")).translate(_LINE_ENDS)
            kind = None
    if kind is not None:
        yield kind, ""


def _slide(record: Record, outline: list[_Text], notes: Record | None) -> Slide:
    titles: list[str] = []
    flow, note_flow = Flow(), Flow()
    for kind, text in _shape_texts(record, outline):
        if kind in _TITLES and text.strip():
            titles.append(text)
        else:
            _add(flow, text)
    for kind, text in _shape_texts(notes, []) if notes else ():
        if kind == _NOTES_TEXT:
            _add(note_flow, text)
    return Slide(" ".join(" ".join(titles).split()), list(flow.blocks), list(note_flow.blocks))


def _add(flow: Flow, text: str) -> None:
    if text.strip():
        flow.add_paragraph(text)


def _shape_texts(page: Record, outline: list[_Text]) -> Iterator[_Text]:
    """Yield the texts of the shapes; that of a placeholder is in the outline."""
    for shape in descendants(page, last=_SHAPE):  # a shape holds no other
        if shape.type != _SHAPE:
            continue
        placeholder = find(shape, _PLACEHOLDER)
        box = find(shape, _TEXT_BOX)
        if box is None or (placeholder and placeholder.content[4:5] and placeholder.content[4] in _FURNITURE):
            continue
        inside = list(children(box))
        reference = next((record for record in inside if record.type == _TEXT_REFERENCE), None)
        if reference is None:
            # The kind of a text that has no head is "other".
            heads = [record for record in inside if record.type == _TEXT_KIND]
            yield from _texts(inside) if heads else ((4, text) for _, text in _texts(inside))
        elif reference.number() < len(outline):
            yield outline[reference.number()]


READER = ole_reader("ppt", 1, _MEDIA_TYPE, _document)

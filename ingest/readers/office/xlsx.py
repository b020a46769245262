"""Excel workbooks: the values that are stored in the cells, dates in ISO 8601.

Formulas are not calculated: their last result is in the file, unless a program wrote it that never had one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.number_formats import Format, format_of, shown
from wherein.ingest.readers.office.opc import Relation, main_part, part_events, properties, related, relations
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets, joined_sheets
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.package import DAMAGED, Package, opened_package
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, without

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LEFT_OUT = frozenset(("s:rPh", "mc:Fallback"))
_PLACE = re.compile(r"([A-Z]{1,3})\d+")
_LONGEST_NUMBER = 9
_TRUTH = {"0": "FALSE", "1": "TRUE"}


@dataclass(frozen=True)
class _Tab:
    name: str
    part: str


@dataclass(frozen=True)
class _Book:
    """What the sheets of a workbook share: texts, and for each style of cells the format of its numbers."""

    texts: Sequence[str]
    formats: Sequence[Format]
    from_1904: bool


@dataclass
class _Cell:
    kind: str = "n"
    style: int = 0
    pieces: list[str] = field(default_factory=list)
    has_formula: bool = False


@dataclass
class _Count:
    """Formulas without a stored value."""

    formulas: int = 0


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with a heading a sheet; see `Reader` for the errors."""
    with opened_package(stream) as package:
        document = _document(package, name)
    yield document


def _document(package: Package, name: str) -> Document:
    main = main_part(package)
    found = relations(package, main)
    tabs, hidden, from_1904 = _tabs(package, main, found)
    book = _Book(
        _texts(package, related(found, "sharedStrings")), _formats(package, related(found, "styles")), from_1904
    )
    count = _Count()
    text, marks = joined_sheets(Sheet(tab.name, _rows(package, tab.part, book, count)) for tab in tabs)
    about = properties(package)
    notes = (*hidden_sheets(hidden), *_valueless(count.formulas), *about.notes)
    title = about.title or name_as_title(name)
    return Document(title, text, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=notes)


def _valueless(formulas: int) -> Iterator[str]:
    if formulas:
        what = "1 formula has" if formulas == 1 else f"{formulas:,} formulas have"
        yield f"{what} no stored value; save the file with a spreadsheet program to have them"


def _tabs(package: Package, main: str, found: Mapping[str, Relation]) -> tuple[list[_Tab], list[str], bool]:
    """Return the sheets that are shown, the names of those that are hidden, and whether dates count from 1904."""
    tabs: list[_Tab] = []
    hidden: list[str] = []
    from_1904 = False
    for kind, tag, attributes in part_events(package, main):
        if kind is START and tag == "s:workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif kind is START and tag == "s:sheet":
            name = " ".join(attributes.get("name", "").split())
            relation = found.get(attributes.get("r:id", ""))
            if attributes.get("state", "visible") != "visible":
                hidden.append(name)
            elif relation is None:
                raise Unreadable(f"{DAMAGED}: a sheet that it lists is missing")
            elif relation.kind == "worksheet":
                tabs.append(_Tab(name, relation.target))
    return tabs, hidden, from_1904


def _texts(package: Package, part: str | None) -> list[str]:
    """Return the texts that cells share, by their numbers."""
    texts: list[str] = []
    if part is None or part not in package:
        return texts
    pieces: list[str] = []
    in_text = False
    for kind, value, _ in without(part_events(package, part), _LEFT_OUT):
        if kind is TEXT:
            if in_text:
                pieces.append(value)
        elif value == "s:t":
            in_text = kind is START
        elif kind is END and value == "s:si":
            texts.append("".join(pieces))
            pieces.clear()
    return texts


def _formats(package: Package, part: str | None) -> list[Format]:
    """Return the format of numbers for each style of cells."""
    codes: dict[str, str] = {}
    formats: list[Format] = []
    if part is None or part not in package:
        return formats
    in_cells = False
    for kind, tag, attributes in part_events(package, part):
        if tag == "s:cellXfs":
            in_cells = kind is START
        elif kind is START and tag == "s:numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif kind is START and tag == "s:xf" and in_cells:
            number = attributes.get("numFmtId", "0")
            formats.append(format_of(number, codes.get(number)))
    return formats


def _rows(package: Package, part: str, book: _Book, count: _Count) -> Iterator[Row]:
    grid = _Grid(book, count)
    for kind, value, attributes in without(part_events(package, part), _LEFT_OUT):
        if kind is START:
            grid.start(value, attributes)
        elif kind is TEXT:
            grid.text(value)
        elif value == "s:row":
            yield grid.number, grid.cells
        else:
            grid.end(value)


class _Grid:
    """The row that is read, its cells so far, and the cell that is read."""

    def __init__(self, book: _Book, count: _Count) -> None:
        self.number = 0
        self.cells: list[tuple[int, str]] = []
        self._book = book
        self._count = count
        self._column = 0
        self._cell = _Cell()
        self._in_text = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "s:row":
            self.number = _number(attributes.get("r", "")) or self.number + 1
            self.cells, self._column = [], 0
        elif tag == "s:c":
            self._column = _column(attributes.get("r", "")) or self._column + 1
            self._cell = _Cell(attributes.get("t", "n"), _number(attributes.get("s", "")))
        elif tag in ("s:v", "s:t"):
            self._in_text = True
        elif tag == "s:f":
            self._cell.has_formula = True

    def end(self, tag: str) -> None:
        if tag in ("s:v", "s:t"):
            self._in_text = False
        elif tag == "s:c":
            text = _shown(self._cell, self._book)
            # The result of a formula may be an empty text, but no empty number.
            self._count.formulas += self._cell.has_formula and not text and self._cell.kind == "n"
            if text:
                self.cells.append((self._column, text))

    def text(self, text: str) -> None:
        if self._in_text:
            self._cell.pieces.append(text)


def _shown(cell: _Cell, book: _Book) -> str:
    stored = "".join(cell.pieces)
    if cell.kind == "s" and stored:
        number = _number(stored.strip(), -1)
        if not 0 <= number < len(book.texts):
            raise Unreadable(f"{DAMAGED}: a cell refers to a text that is missing")
        return book.texts[number]
    if cell.kind == "b":
        return _TRUTH.get(stored.strip(), stored)
    if cell.kind == "n" and stored:
        form = book.formats[cell.style] if cell.style < len(book.formats) else "number"
        return shown(stored.strip(), form, book.from_1904)
    return stored


def _number(text: str, default: int = 0) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else default


def _column(place: str) -> int:
    """Return the number of the column of a cell such as AB12; 0 when this is no place."""
    found = _PLACE.fullmatch(place)
    number = 0
    for letter in found[1] if found else "":
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


READER = Reader("xlsx", 1, _MEDIA_TYPE, read)

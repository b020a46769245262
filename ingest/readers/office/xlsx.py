"""Excel workbooks: the stored values of the cells, dates in ISO 8601.

Formulas are not calculated: their last result is in the file, unless the program that wrote it calculates none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.number_formats import Format, display_number, number_format
from wherein.ingest.readers.office.opc import Relation, first_target, main_part, part_events, read_properties, relations
from wherein.ingest.readers.office.shapes import shape_paragraphs
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets_note, join_sheets
from wherein.ingest.readers.shared.allowance import LimitExceeded
from wherein.ingest.readers.shared.count_notes import count_note
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.reasons import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, without_elements

__all__ = ["READER"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LEFT_OUT = frozenset(("s:rPh", "mc:Fallback"))  # how a text is pronounced; the copy for older programs
_CELL_REFERENCE = re.compile(r"([A-Z]{1,3})\d+")
_MAX_DIGITS = 9
_DAMAGED_SHEETS = "is damaged and was read up to there", "are damaged and were read up to there"
_BOOLEANS = {"0": "FALSE", "1": "TRUE"}


@dataclass(frozen=True)
class _Tab:
    name: str
    part: str


@dataclass(frozen=True)
class _Workbook:
    """What the sheets of a workbook share: texts, and the number format of each cell style."""

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
class _FormulaCount:
    """How many formulas have no stored value; counted while the rows are read."""

    without_value: int = 0


def _document(package: Package, name: str) -> Document:
    main = main_part(package)
    related = relations(package, main)
    tabs, hidden, from_1904 = _tabs(package, main, related)
    texts = _texts(package, first_target(related, "sharedStrings"))
    formats = _formats(package, first_target(related, "styles"))
    book = _Workbook(texts, formats, from_1904)
    count = _FormulaCount()
    drawn, damage = _Drawn(package), _Damage()
    sheets = (
        Sheet(tab.name, damage.before(drawn.after(_rows(package, tab.part, book, count), tab.part), number))
        for number, tab in enumerate(tabs, 1)
    )
    try:
        text, marks = join_sheets(sheets)
    except Skipped:
        raise damage.reason or Skipped("no text in its cells") from None
    package.check()  # what exceeds a limit is no damage
    damaged = count_note(damage.numbers, len(tabs), "sheets", *_DAMAGED_SHEETS)
    notes = (*damaged, *hidden_sheets_note(hidden), *_missing_values_note(count.without_value), *drawn.notes)
    return read_properties(package).document(name_as_title(name), text, _MEDIA_TYPE, marks, notes)


class _Damage:
    """The sheets that are damaged, by number, and the reason of the first one."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.reason: Unreadable | None = None

    def before(self, rows: Iterable[Row], number: int) -> Iterator[Row]:
        """Yield the rows up to where the sheet is damaged."""
        try:
            yield from rows
        except LimitExceeded:
            raise
        except Unreadable as reason:
            self.numbers.append(number)
            self.reason = self.reason or reason


class _Drawn:
    """The text boxes of sheets, and the comments, which are counted."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._comments = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """A note on what is left out."""
        return left_out_note({"comments": self._comments})

    def after(self, rows: Iterable[Row], part: str) -> Iterator[Row]:
        """Yield the rows of a sheet, and each paragraph of its text boxes as a row after them."""
        number = 0
        for row in rows:
            number = max(number, row[0])
            yield row
        related = relations(self._package, part).values()
        parts = [(relation.kind, relation.target) for relation in related if relation.target in self._package]
        drawings = (part_events(self._package, target) for kind, target in parts if kind == "drawing")
        texts = (text for drawing in drawings for text in shape_paragraphs(drawing))
        for offset, text in enumerate(texts, number + 2):
            yield offset, [(1, text)]
        self._comments += sum(self._count(target) for kind, target in parts if kind == "comments")

    def _count(self, part: str) -> int:
        try:
            return sum(kind is START and tag == "s:comment" for kind, tag, _ in part_events(self._package, part))
        except Unreadable:
            return 0


def _missing_values_note(formulas: int) -> Iterator[str]:
    if formulas:
        subject = "1 formula has" if formulas == 1 else f"{formulas:,} formulas have"
        yield f"{subject} no stored value; save the file with a spreadsheet program to have them"


def _tabs(package: Package, main: str, related: Mapping[str, Relation]) -> tuple[list[_Tab], list[str], bool]:
    """Return the visible sheets, the names of the hidden ones, and whether dates count from 1904."""
    tabs: list[_Tab] = []
    hidden: list[str] = []
    from_1904 = False
    for kind, tag, attributes in part_events(package, main):
        if kind is START and tag == "s:workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif kind is START and tag == "s:sheet":
            name = " ".join(attributes.get("name", "").split())
            relation = related.get(attributes.get("r:id", ""))
            if attributes.get("state", "visible") != "visible":
                hidden.append(name)
            elif relation is None:
                tabs.append(_Tab(name, "a listed sheet"))  # which is missing
            elif relation.kind == "worksheet":
                tabs.append(_Tab(name, relation.target))
    return tabs, hidden, from_1904


def _texts(package: Package, part: str | None) -> list[str]:
    """Return the texts that cells refer to by number."""
    texts: list[str] = []
    if part is None or part not in package:
        return texts
    pieces: list[str] = []
    in_text = False
    for kind, value, _ in without_elements(part_events(package, part), _LEFT_OUT):
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
    """Return the number format of each cell style."""
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
            format_id = attributes.get("numFmtId", "0")
            formats.append(number_format(format_id, codes.get(format_id)))
    return formats


def _rows(package: Package, part: str, book: _Workbook, count: _FormulaCount) -> Iterator[Row]:
    grid = _Grid(book, count)
    for kind, value, attributes in without_elements(part_events(package, part), _LEFT_OUT):
        if kind is START:
            grid.start(value, attributes)
        elif kind is TEXT:
            grid.text(value)
        elif value == "s:row":
            yield grid.number, grid.cells
        else:
            grid.end(value)


class _Grid:
    """The current row, its cells so far, and the current cell."""

    def __init__(self, book: _Workbook, count: _FormulaCount) -> None:
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
            text = _cell_text(self._cell, self._book)
            # The result of a formula may be an empty text, but not an empty number.
            self._count.without_value += self._cell.has_formula and not text and self._cell.kind == "n"
            if text:
                self.cells.append((self._column, text))

    def text(self, text: str) -> None:
        if self._in_text:
            self._cell.pieces.append(text)


def _cell_text(cell: _Cell, book: _Workbook) -> str:
    stored = "".join(cell.pieces)
    if cell.kind == "s" and stored:
        number = _number(stored.strip(), -1)
        if not 0 <= number < len(book.texts):
            raise Unreadable(f"{DAMAGED}: a cell refers to a missing text")
        return book.texts[number]
    if cell.kind == "b":
        return _BOOLEANS.get(stored.strip(), stored)
    if cell.kind == "n" and stored:
        form = book.formats[cell.style] if cell.style < len(book.formats) else "number"
        return display_number(stored.strip(), form, book.from_1904)
    return stored


def _number(text: str, default: int = 0) -> int:
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else default


def _column(reference: str) -> int:
    """Return the number of the column in a cell reference such as AB12; 0 when it is invalid."""
    match = _CELL_REFERENCE.fullmatch(reference)
    number = 0
    for letter in match[1] if match else "":
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


READER = package_reader("xlsx", 3, _MEDIA_TYPE, _document)

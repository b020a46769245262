"""OpenDocument spreadsheets: the text that the cells show, dates in ISO 8601."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wherein.ingest.document import Document
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.odf import Inline, Parts, content_events, read_properties
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets_note, join_sheets
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.xml_events import START, TEXT, Event

__all__ = ["READER", "read_package"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_CELLS = frozenset(("table:table-cell", "table:covered-table-cell"))
_MAX_REPEATS = 100
"""How often a repeated cell or row is read; it is stored once with a count, which may be any number."""
_MAX_DIGITS = 9  # `int` refuses thousands of digits, and no sheet has as many rows


@dataclass
class _LeftOut:
    """The names of hidden sheets, how many equal rows and cells were not read, and how many comments."""

    hidden: list[str] = field(default_factory=list)
    repeated: int = 0
    comments: Counter[str] = field(default_factory=Counter)


def read_package(package: Parts, name: str) -> Document:
    """Return the document in a package; see `Reader` for the errors."""
    left_out = _LeftOut()
    text, marks = join_sheets(_sheets(content_events(package, left_out.comments), left_out))
    notes = (*hidden_sheets_note(left_out.hidden), *_repeats_note(left_out.repeated), *left_out_note(left_out.comments))
    return read_properties(package).document(name_as_title(name), text, _MEDIA_TYPE, marks, notes)


def _repeats_note(rows: int) -> Iterator[str]:
    if rows:
        yield f"{rows:,} rows or cells are left out that are the same as {_MAX_REPEATS} before them"


def _sheets(stream: Iterator[Event], left_out: _LeftOut) -> Iterator[Sheet]:
    hidden_styles = set[str]()
    style = ""
    for kind, tag, attributes in stream:
        if kind is not START:
            continue
        if tag == "style:style":
            style = attributes.get("style:name", "")
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            hidden_styles.add(style)
        elif tag == "table:table":
            sheet = Sheet(" ".join(attributes.get("table:name", "").split()), _rows(stream, left_out))
            if attributes.get("table:style-name") in hidden_styles:
                left_out.hidden.append(sheet.name)
                deque(sheet.rows, maxlen=0)  # read past it: all sheets come from one stream of events
            else:
                yield sheet


def _rows(stream: Iterator[Event], left_out: _LeftOut) -> Iterator[Row]:
    """Yield the rows of the table whose start was the last event, and read up to its end."""
    grid = _Grid(left_out)
    tables = 1
    for kind, value, attributes in stream:
        if kind is TEXT:
            grid.inline.text(value)
        elif value == "table:table":
            tables += 1 if kind is START else -1
            if not tables:
                return
        elif kind is START:
            grid.start(value, attributes)
        elif value == "table:table-row":
            yield from grid.rows()
        else:
            grid.end(value)


class _Grid:
    """The current row, its cells so far, and the current cell."""

    def __init__(self, left_out: _LeftOut) -> None:
        self.inline = Inline()
        self._left_out = left_out
        self._number = 0
        self._rows = 1
        self._cells: list[tuple[int, str]] = []
        self._column = 0
        self._columns = 1
        self._value = ""
        self._is_date = False
        self._texts: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "table:table-row":
            self._rows = _repeats(attributes.get("table:number-rows-repeated", ""))
            self._cells, self._column = [], 0
        elif tag in _CELLS:
            self._columns = _repeats(attributes.get("table:number-columns-repeated", ""))
            self._value = attributes.get("office:date-value") or attributes.get("office:value", "")
            self._is_date = "office:date-value" in attributes
            self._texts = []
        else:
            self.inline.start(tag, attributes)

    def end(self, tag: str) -> None:
        text = self.inline.end(tag)
        if text is not None:
            self._texts.append(text)
        elif tag in _CELLS:
            shown = self._value.replace("T", " ") if self._is_date else " ".join(self._texts) or self._value
            if shown.strip():
                times = self._limit(self._columns)
                self._cells += ((self._column + number, shown) for number in range(1, times + 1))
            self._column += self._columns

    def rows(self) -> Iterator[Row]:
        if self._cells:
            for number in range(1, self._limit(self._rows) + 1):
                yield self._number + number, self._cells
        self._number += self._rows

    def _limit(self, times: int) -> int:
        self._left_out.repeated += max(0, times - _MAX_REPEATS)
        return min(times, _MAX_REPEATS)


def _repeats(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else 1


READER = package_reader("ods", 3, _MEDIA_TYPE, read_package)

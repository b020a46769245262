"""OpenDocument spreadsheets: what the cells show, dates in ISO 8601."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.odf import Inline, content, properties
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets, joined_sheets
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.package import opened_package
from wherein.ingest.readers.shared.xml_events import START, TEXT, Event

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_CELLS = frozenset(("table:table-cell", "table:covered-table-cell"))
_REPEATED = 100
"""Cells and rows that are the same as the one before are stored once, and read so many times at most."""
_MOST_DIGITS = 9


@dataclass
class _Count:
    """What was left out."""

    hidden: list[str] = field(default_factory=list)
    repeated: int = 0


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with a heading a sheet; see `Reader` for the errors."""
    count = _Count()
    with opened_package(stream) as package:
        text, marks = joined_sheets(_sheets(content(package), count))
        about = properties(package)
    notes = (*hidden_sheets(count.hidden), *_repetitions(count.repeated), *about.notes)
    yield Document(
        about.title or name_as_title(name), text, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=notes
    )


def _repetitions(rows: int) -> Iterator[str]:
    if rows:
        yield f"{rows:,} rows or cells are left out that are the same as {_REPEATED} before them"


def _sheets(stream: Iterator[Event], count: _Count) -> Iterator[Sheet]:
    invisible = set[str]()
    style = ""
    for kind, tag, attributes in stream:
        if kind is not START:
            continue
        if tag == "style:style":
            style = attributes.get("style:name", "")
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            invisible.add(style)
        elif tag == "table:table":
            sheet = Sheet(" ".join(attributes.get("table:name", "").split()), _rows(stream, count))
            if attributes.get("table:style-name") in invisible:
                count.hidden.append(sheet.name)
                deque(sheet.rows, maxlen=0)
            else:
                yield sheet


def _rows(stream: Iterator[Event], count: _Count) -> Iterator[Row]:
    """Yield the rows of the table whose beginning was the last event, and read on to its end."""
    grid = _Grid(count)
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
    """The row that is read, its cells so far, and the cell that is read."""

    def __init__(self, count: _Count) -> None:
        self.inline = Inline()
        self._count = count
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
            self._rows = _times(attributes.get("table:number-rows-repeated", ""))
            self._cells, self._column = [], 0
        elif tag in _CELLS:
            self._columns = _times(attributes.get("table:number-columns-repeated", ""))
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
                times = self._few(self._columns)
                self._cells += ((self._column + number, shown) for number in range(1, times + 1))
            self._column += self._columns

    def rows(self) -> Iterator[Row]:
        if self._cells:
            for number in range(1, self._few(self._rows) + 1):
                yield self._number + number, self._cells
        self._number += self._rows

    def _few(self, times: int) -> int:
        self._count.repeated += max(0, times - _REPEATED)
        return min(times, _REPEATED)


def _times(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 1


READER = Reader("ods", 1, _MEDIA_TYPE, read)

"""Workbooks that python-calamine reads: old and binary ones."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO

import python_calamine

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets_note, join_sheets
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import clean, name_as_title
from wherein.ingest.readers.shared.reasons import DAMAGED, ENCRYPTED

__all__ = ["workbook_reader"]

_Value = str | float | bool | datetime.date | datetime.time | datetime.timedelta
_WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
_VISIBLE = python_calamine.SheetVisibleEnum.Visible


def workbook_reader(format: str, version: int, media_type: str, properties: Callable[[BinaryIO], Properties]) -> Reader:
    """Return the reader of a kind of workbook, whose title and metadata `properties` reads."""

    def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
        text, marks, hidden = _read(stream)
        stream.seek(0)
        notes = tuple(hidden_sheets_note(hidden))
        yield properties(stream).document(name_as_title(name), text, media_type, marks, notes)

    return Reader(format, version, media_type, read, takes_fields=False, takes_encoding=False)


def _read(stream: BinaryIO) -> tuple[str, tuple[Mark, ...], list[str]]:
    """Return the text, its marks, and the names of hidden sheets. Raises Unreadable, and Skipped without any text."""
    try:
        with python_calamine.CalamineWorkbook.from_filelike(BytesIO(stream.read())) as book:
            tabs = [tab for tab in book.sheets_metadata if tab.typ == _WORKSHEET]
            hidden = [" ".join(clean(tab.name).split()) for tab in tabs if tab.visible != _VISIBLE]
            sheets = (_sheet(book, tab.name) for tab in tabs if tab.visible == _VISIBLE)
            return (*join_sheets(sheets), hidden)
    except python_calamine.PasswordError as error:
        raise Unreadable(ENCRYPTED) from error
    except (python_calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise Unreadable(DAMAGED) from error
    except BaseException as error:
        # A failed assertion in Rust is raised as a class that is not an Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable(DAMAGED) from error


def _sheet(book: python_calamine.CalamineWorkbook, name: str) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    row, column = sheet.start or (0, 0)
    return Sheet(" ".join(clean(name).split()), _rows(sheet.to_python(skip_empty_area=True), row, column))


def _rows(rows: Sequence[Sequence[_Value]], first_row: int, first_column: int) -> Iterator[Row]:
    for number, values in enumerate(rows, first_row + 1):
        cells = ((column, _shown(value)) for column, value in enumerate(values, first_column + 1))
        yield number, [(column, text) for column, text in cells if text]


def _shown(value: _Value) -> str:
    """Return a value as an Excel workbook shows it today, dates in ISO 8601."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.timedelta):
        seconds = round(abs(value.total_seconds()))
        sign = "-" if value.total_seconds() < 0 else ""
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, datetime.datetime):
        return value.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return f"{value:.15g}"

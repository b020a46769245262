"""Workbooks that python-calamine reads: old and binary ones."""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO

import python_calamine

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets_note, join_sheets
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.ingest.readers.shared.decode import clean, name_as_title
from wherein.ingest.readers.shared.reasons import DAMAGED, ENCRYPTED

__all__ = ["workbook_reader"]

_Value = str | float | bool | datetime.date | datetime.time | datetime.timedelta
_Check = Callable[[BinaryIO, Allowance | None], Properties]
_WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
_VISIBLE = python_calamine.SheetVisibleEnum.Visible


def workbook_reader(format: str, version: int, media_type: str, check: _Check) -> Reader:
    """Return the reader of a kind of workbook.

    `check` returns its title and metadata, and raises Unreadable for sizes that cannot be true: calamine trusts them.
    """

    def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
        properties = check(stream, context.allowance)
        stream.seek(0)
        text, marks, hidden = _read(stream)
        notes = tuple(hidden_sheets_note(hidden))
        yield properties.document(name_as_title(name), text, media_type, marks, notes)

    return Reader(format, version, media_type, read, read, takes_fields=False, takes_encoding=False)


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
    _, column = sheet.start or (0, 0)
    return Sheet(" ".join(clean(name).split()), _rows(sheet.iter_rows(), column))


def _rows(rows: Iterable[Sequence[_Value]], first_column: int) -> Iterator[Row]:
    for number, values in enumerate(rows, 1):
        if values.count("") < len(values):  # two cells far from each other have millions of empty ones between them
            filled = ((column, value) for column, value in enumerate(values, first_column + 1) if value != "")
            yield number, [(column, _shown(value)) for column, value in filled]


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

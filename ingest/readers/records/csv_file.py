"""CSV and similar formats: a document for each row if a column holds the text, else the whole table as one text.

Rows are read one at a time, so that the size of the file does not matter.
"""

import csv
import io
import re
from collections.abc import Iterator, Set
from functools import partial
from typing import BinaryIO, TextIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.records.records import (
    Records,
    id_field,
    read_whole,
    require_fields,
    text_field,
    title_field,
)
from wherein.ingest.readers.shared.decode import (
    Decoded,
    clean,
    decode,
    find_decoded,
    name_as_title,
    open_text,
    require_text,
)
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys
from wherein.storage.catalog.fields import NO_FIELDS, Fields

__all__ = ["READER", "detect_delimiter", "read"]

_MEDIA_TYPE = "text/csv"
_MAX_LINE = 64 << 20
_SAMPLE_LENGTH = 1 << 16
_SAMPLE_ROWS = 50
_DELIMITERS = ",;\t|"
_NAMED_DELIMITER = re.compile(r'sep=([^"\w\r\n])\r?\n')
# Up to 15 digits, which a double holds exactly; a longer number stays text.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,14})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,14}")
_NO_TEXT = "none of its columns is called text, content or body; --text-field NAME makes a document of each row"


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield a document for each row, or the problem with it; see `Reader` for the errors, `Records` for the fields.

    The first row that is neither blank nor a comment names the columns. When the user chose no text field and no column
    has a usual name of one, the table is one document. Cells with numbers become numeric metadata.
    """
    decoded = find_decoded(stream, context.encoding)
    with open_text(stream, decoded, "") as text:  # csv treats line ends in quotes itself
        rows = _rows(text)
        header, columns = _header(rows, context.fields)
        require_fields(columns, context.fields)
        if text_field(columns, context.fields) is not None:
            yield from _documents(rows, header, columns, context, decoded)
            return
    yield _table(stream, name, context)


def detect_delimiter(sample: str) -> str:
    """Return the delimiter with which most rows have as many fields as the first row, and more than one.

    Delimiters inside quotes and in comments do not count.
    """
    best, score = _DELIMITERS[0], (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            rows = [
                row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if not _is_blank(row)
            ]
        except csv.Error:
            continue
        rows = ([row for row in rows if not _is_comment(row)] or rows)[:_SAMPLE_ROWS]
        width = len(rows[0]) if rows else 0
        share = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
        if (share, width) > score:
            best, score = delimiter, (share, width)
    return best


def _rows(text: TextIO) -> Iterator[list[str]]:
    """Yield the rows, empty ones included. Raises Unreadable where the file is not CSV."""
    # The limit holds for the whole process, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_LINE))
    sample = text.read(_SAMPLE_LENGTH)
    text.seek(0)
    declared = _NAMED_DELIMITER.match(sample)
    if declared:
        text.readline()
    # The sample may end within a row.
    whole_lines = sample[: sample.rfind("\n") + 1] if len(sample) == _SAMPLE_LENGTH and "\n" in sample else sample
    rows = csv.reader(_lines(text), delimiter=declared[1] if declared else detect_delimiter(whole_lines))
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"line {rows.line_num}: {error}") from None
        yield [clean(cell) for cell in row]


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(_MAX_LINE):
        if len(line) == _MAX_LINE:
            raise Unreadable(f"a line is longer than {_MAX_LINE:,} characters")
        yield line


def _header(rows: Iterator[list[str]], fields: Fields) -> tuple[int, list[str]]:
    """Return the number of the row that names the columns, and the names; blank rows and comments may precede it."""
    for number, row in enumerate(rows, 1):
        if not _is_blank(row):
            columns = _columns(row)
            if not _is_comment(row) or text_field(columns, NO_FIELDS) or fields.text in columns:
                return number, columns
    return 0, []


def _is_blank(row: list[str]) -> bool:
    return not any(cell.strip() for cell in row)


def _is_comment(row: list[str]) -> bool:
    """Whether a row begins with `#`, which is no comment as the name of a first column that counts the rows."""
    return row[0].startswith("#") and (len(row) == 1 or row[0].strip() != "#")


def _columns(header: list[str]) -> list[str]:
    """Return unique names for the columns; a column without a name is named by its number."""
    keys = UniqueKeys()
    return [keys.key(" ".join(cell.split()) or f"column {number}") for number, cell in enumerate(header, 1)]


def _documents(
    rows: Iterator[list[str]], header: int, columns: list[str], context: ReadContext, decoded: Decoded
) -> Iterator[Document | Problem]:
    records = Records("row", _MEDIA_TYPE, context.fields)
    as_text = {find(columns, context.fields) for find in (text_field, id_field, title_field)}
    empty = True
    for number, row in enumerate(rows, header + 1):
        if not _is_blank(row):
            empty = False
            yield records.item(number, partial(_record, row, columns, as_text), decoded)
    if empty:
        raise Skipped("no text")


def _record(row: list[str], columns: list[str], as_text: Set[str | None]) -> JSONValue:
    if any(row[len(columns) :]):
        raise ValueError(f"{len(row)} fields, but the first row has {len(columns)}")
    cells = zip(columns, row + [""] * (len(columns) - len(row)), strict=False)
    return {name: cell if name in as_text else _value(cell) for name, cell in cells if cell or name in as_text}


def _value(cell: str) -> JSONValue:
    """Return the number that the cell holds, else its text; `007` stays text."""
    if _INTEGER.fullmatch(cell):
        return int(cell)
    return float(cell) if _DECIMAL.fullmatch(cell) else cell


def _table(stream: BinaryIO, name: str, context: ReadContext) -> Document:
    decoded = decode(read_whole(stream, _NO_TEXT), context.encoding).without_pictures()
    require_text(decoded.text)
    return decoded.annotate(Document(name_as_title(name), decoded.text, _MEDIA_TYPE, notes=(_NO_TEXT,)))


READER = Reader("csv", 5, _MEDIA_TYPE, read, read, streaming=True)

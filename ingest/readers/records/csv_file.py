"""CSV and similar formats: a document for each row if a column holds the text, else the whole table as one text.

Rows are read one at a time, so that the size of the file does not matter.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import BinaryIO, TextIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.records.records import Records, require_fields, text_field
from wherein.ingest.readers.shared.decode import clean, name_as_title, require_text, split_bom
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys

__all__ = ["READER", "detect_delimiter", "read"]

TABLE_LIMIT = 64 << 20
"""Bytes of the largest table that is read as one text."""

_MEDIA_TYPE = "text/csv"
_MAX_LINE = 64 << 20
_STEP = 1 << 20
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

    The first row names the columns. When the user chose no text field and no column has a usual name of one, the table
    is one document. Cells with numbers become numeric metadata.
    """
    codec = _codec(stream)
    notes = ("not UTF-8; read as Windows-1252",) if codec == "cp1252" else ()
    with _open_text(stream, codec) as text:
        rows = _rows(text)
        columns = _columns(next(rows, []))
        require_fields(columns, context.fields)
        if text_field(columns, context.fields) is not None:
            yield from _documents(rows, columns, context, notes)
            return
    yield _table(stream, name, codec, (*notes, _NO_TEXT))


def detect_delimiter(sample: str) -> str:
    """Return the delimiter with which most rows have as many fields as the first row, and more than one.

    Delimiters inside quotes do not count.
    """
    best, score = _DELIMITERS[0], (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        rows = rows[:_SAMPLE_ROWS]
        width = len(rows[0]) if rows else 0
        share = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
        if (share, width) > score:
            best, score = delimiter, (share, width)
    return best


def _codec(stream: BinaryIO) -> str:
    """Return the encoding: by the byte order mark, else UTF-8 if all of it is, else Windows-1252."""
    head = stream.read(4)  # as long as the longest byte order mark
    bom, _ = split_bom(head)
    stream.seek(0)
    if bom is not None:
        # Python's codecs without a byte order in their names (utf-16) remove the mark.
        return {"utf-8": "utf-8-sig"}.get(bom, bom[:6])
    codec = "utf-8" if _is_utf8(stream) else "cp1252"
    stream.seek(0)
    return codec


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(_STEP):
            if b"\0" in piece:
                raise Skipped("binary file")
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _open_text(stream: BinaryIO, codec: str) -> Iterator[TextIO]:
    text = io.TextIOWrapper(stream, codec, _errors(codec), newline="")  # csv treats line ends in quotes itself
    try:
        yield text
    except UnicodeError:
        raise Unreadable(_wrong_codec_reason(codec)) from None
    finally:
        text.detach()  # the stream is the caller's, and would be closed with the wrapper


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


def _columns(header: list[str]) -> list[str]:
    """Return unique names for the columns; a column without a name is named by its number."""
    keys = UniqueKeys()
    return [keys.key(" ".join(cell.split()) or f"column {number}") for number, cell in enumerate(header, 1)]


def _documents(
    rows: Iterator[list[str]], columns: list[str], context: ReadContext, notes: tuple[str, ...]
) -> Iterator[Document | Problem]:
    records = Records("row", _MEDIA_TYPE, context.fields)
    text = text_field(columns, context.fields)
    empty = True
    for number, row in enumerate(rows, 2):
        if any(cell.strip() for cell in row):
            empty = False
            item = records.item(number, partial(_record, row, columns, text, context))
            yield replace(item, notes=notes) if notes and isinstance(item, Document) else item
    if empty:
        raise Skipped("no text")


def _record(row: list[str], columns: list[str], text: str | None, context: ReadContext) -> JSONValue:
    if any(row[len(columns) :]):
        raise ValueError(f"{len(row)} fields, but the first row has {len(columns)}")
    as_text = {text, context.fields.id or "id", context.fields.title or "title"}
    cells = zip(columns, row + [""] * (len(columns) - len(row)), strict=False)
    return {name: cell if name in as_text else _value(cell) for name, cell in cells if cell or name in as_text}


def _value(cell: str) -> JSONValue:
    """Return the number that the cell holds, else its text; `007` stays text."""
    if _INTEGER.fullmatch(cell):
        return int(cell)
    return float(cell) if _DECIMAL.fullmatch(cell) else cell


def _table(stream: BinaryIO, name: str, codec: str, notes: tuple[str, ...]) -> Document:
    stream.seek(0)
    data = stream.read(TABLE_LIMIT + 1)
    if len(data) > TABLE_LIMIT:
        raise Unreadable(f"larger than {TABLE_LIMIT >> 20:,} MB, and {_NO_TEXT}")
    try:
        text = clean(data.decode(codec, _errors(codec)))
    except UnicodeError:
        raise Unreadable(_wrong_codec_reason(codec)) from None
    require_text(text)
    return Document(name_as_title(name), text, _MEDIA_TYPE, notes=notes)


def _errors(codec: str) -> str:
    return "replace" if codec == "cp1252" else "strict"  # five bytes are undefined in it


def _wrong_codec_reason(codec: str) -> str:
    return f"not valid {codec.upper().removesuffix('-SIG')}, which its byte order mark declares"


READER = Reader("csv", 1, _MEDIA_TYPE, read, read, streaming=True)

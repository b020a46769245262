"""JSON Lines: a document for each line, read one at a time, so that the size of the file does not matter."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import BinaryIO, TextIO

from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.records.json_text import JSON_LINES, media_type_of, text_document
from wherein.ingest.readers.records.json_values import parse_json
from wherein.ingest.readers.records.records import NO_TEXT_FIELD, Records, read_whole, text_field, title_field
from wherein.ingest.readers.shared.decode import Decoded, decode, find_decoded, open_text
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.catalog.fields import NO_FIELDS

__all__ = ["LINE_LIMIT", "READER", "read"]

LINE_LIMIT = 64 * 2**20
"""Characters of the longest line that is read."""

_STEP = 2**20
_PEEKED_LINES = 100


def read(
    stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT, limit: int = LINE_LIMIT
) -> Iterator[Document | Problem]:
    """Yield a document for each line, or the problem with it; see `Reader` for the errors, `Records` for the fields.

    When the user chose no fields and none of the first records has a field with a usual name for text or title, the
    file is one document. A line longer than `limit` characters is a problem.
    """
    decoded = find_decoded(stream, context.encoding)
    with open_text(stream, decoded, "\n") as text:
        is_text = not context.fields.label and not _has_usual_field(islice(_lines(text, limit), _PEEKED_LINES))
    if is_text:
        yield _whole(stream, name, context)
        return
    with open_text(stream, decoded, "\n") as text:
        records = Records("line", media_type_of(name, JSON_LINES), context.fields)
        yield from _records(_lines(text, limit), records, decoded, limit)


def _records(
    lines: Iterator[tuple[int, str | None]], records: Records, decoded: Decoded, limit: int
) -> Iterator[Document | Problem]:
    number = 0
    for number, line in lines:
        yield _too_long(number, limit) if line is None else records.item(number, partial(parse_json, line), decoded)
    if not number:
        raise Skipped("no text")


def _has_usual_field(lines: Iterator[tuple[int, str | None]]) -> bool:
    """Whether a record has a usual field, or none of the lines is a record that might."""
    found = [record for _, line in lines if isinstance(record := _record(line or ""), dict) and record]
    return not found or any(text_field(record, NO_FIELDS) or title_field(record, NO_FIELDS) for record in found)


def _record(line: str) -> JSONValue:
    try:
        return parse_json(line)
    except (ValueError, RecursionError):
        return None


def _whole(stream: BinaryIO, name: str, context: ReadContext) -> Document:
    decoded = decode(read_whole(stream, NO_TEXT_FIELD), context.encoding)
    return text_document(decoded, name, media_type_of(name, JSON_LINES), (NO_TEXT_FIELD,))


def _lines(text: TextIO, limit: int) -> Iterator[tuple[int, str | None]]:
    """Yield the lines that are not blank, with their numbers; None for a line longer than `limit` characters."""
    number = 0
    while line := text.readline(limit + 1):
        number += 1
        if len(line) > limit and not line.endswith("\n"):
            _skip_rest(text)
            yield number, None
        elif line.strip():
            yield number, line


def _skip_rest(text: TextIO) -> None:
    while (part := text.readline(_STEP)) and not part.endswith("\n"):
        pass


def _too_long(number: int, limit: int) -> Problem:
    return Problem(f"line-{number}", f"line {number}: longer than {limit:,} characters")


READER = Reader("jsonl", 6, JSON_LINES, read, read, streaming=True)

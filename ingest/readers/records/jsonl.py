"""JSON Lines: a document for each line, read one at a time, so that the size of the file does not matter."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.records.json_values import parse_json
from wherein.ingest.readers.records.records import Records
from wherein.ingest.readers.shared.decode import split_bom
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["LINE_LIMIT", "READER", "read"]

LINE_LIMIT = 64 * 2**20
"""Bytes of the longest line that is read."""

_MEDIA_TYPE = "application/jsonl"
_STEP = 2**20


def read(
    stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT, limit: int = LINE_LIMIT
) -> Iterator[Document | Problem]:
    """Yield a document for each line, or the problem with it; see `Reader` for the errors, `Records` for the fields.

    A line longer than `limit` bytes is a problem.
    """
    records = Records("line", _MEDIA_TYPE, context.fields)
    number = 0
    for number, line in _lines(stream, limit):
        yield records.item(number, partial(parse_json, line)) if line is not None else _too_long(number, limit)
    if not number:
        raise Skipped("no text")


def _lines(stream: BinaryIO, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines that are not blank, with their numbers; None for a line longer than `limit` bytes."""
    number = 0
    while line := stream.readline(limit + 1):
        number += 1
        if number == 1:
            line = _without_bom(line)
        if len(line) > limit and not line.endswith(b"\n"):
            _skip_rest(stream)
            yield number, None
        elif line.strip():
            yield number, line


def _without_bom(line: bytes) -> bytes:
    codec, rest = split_bom(line)
    if codec not in (None, "utf-8"):
        raise Unreadable("JSON Lines must be UTF-8; convert it, for instance with: iconv -f UTF-16 -t UTF-8")
    return rest


def _skip_rest(stream: BinaryIO) -> None:
    while (part := stream.readline(_STEP)) and not part.endswith(b"\n"):
        pass


def _too_long(number: int, limit: int) -> Problem:
    return Problem(f"line-{number}", f"line {number}: longer than {limit:,} bytes")


READER = Reader("jsonl", 2, _MEDIA_TYPE, read, read, streaming=True)

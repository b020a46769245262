"""JSON Lines: one document a line, read line by line, so that the size of the file does not matter."""

import json
import math
from collections.abc import Iterator
from typing import BinaryIO

from errors import Unreadable
from ingest.document import Document, JSONValue, Problem
from ingest.readers.decode import clean, not_utf8, split_bom
from ingest.readers.reader import Reader
from ingest.readers.skipped import Skipped

__all__ = ["LINE_LIMIT", "READER", "read"]

LINE_LIMIT = 64 * 2**20
"""The longest line that is read, in bytes."""

_MEDIA_TYPE = "application/jsonl"
_STEP = 2**20


def read(stream: BinaryIO, name: str, limit: int = LINE_LIMIT) -> Iterator[Document | Problem]:
    """Yield a document for each line, or the problem with it; see `Reader` for the errors.

    A record's `id` (or `_id`) is its key, else its line is (`line-12`); `title` may be missing and is then
    empty; what is neither of these nor `text` is metadata. A line longer than `limit` bytes is a problem.
    """
    first_lines: dict[str, int] = {}
    number = 0
    for number, line in _lines(stream, limit):
        yield _record(line, number, first_lines) if line is not None else _too_long(number, limit)
    if not number:
        raise Skipped("no text")


def _lines(stream: BinaryIO, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield numbered lines that are not blank; None for one longer than `limit` bytes."""
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


def _record(line: bytes, number: int, first_lines: dict[str, int]) -> Document | Problem:
    key = f"line-{number}"
    try:
        record = _parsed(line)
        key = _key(record, key)
        first = first_lines.setdefault(key, number)
        if first != number:
            raise ValueError(f"same id as line {first}")
        return _document(key, record)
    except RecursionError:
        return Problem(key, f"line {number}: nested too deeply")
    except ValueError as error:
        return Problem(key, f"line {number}: {error}")


def _parsed(line: bytes) -> dict[str, JSONValue]:
    """Parse one line; raise `ValueError` whose message is the reason."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8(line, error.start)) from None
    try:
        record = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at column {error.colno})") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    cleaned = _cleaned(record) if "\\u" in text or "\0" in text else record
    assert isinstance(cleaned, dict)
    return cleaned


def _refuse(constant: str) -> JSONValue:
    raise ValueError(f"not JSON (the number {constant})")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):  # it would be written back as Infinity, which is not JSON
        raise ValueError(f"number too large ({digits[:20]})")
    return value


def _cleaned(value: JSONValue) -> JSONValue:
    """Apply `clean` to every string: escapes such as \\ud800 can spell what cannot be stored."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return value


def _key(record: dict[str, JSONValue], default: str) -> str:
    """Take the id out of the record."""
    name = "id" if "id" in record else "_id"
    value = record.pop(name, None)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f'"{name}" is neither a string nor a number')
    return str(value)


def _document(key: str, record: dict[str, JSONValue]) -> Document:
    if "text" not in record:
        raise ValueError('no "text"')
    text, title = record.pop("text"), record.pop("title", None)
    if not isinstance(text, str):
        raise ValueError('"text" is not a string')
    if not text.strip():
        raise ValueError("no text")
    if title is not None and not isinstance(title, str):
        raise ValueError('"title" is not a string')
    return Document(title or "", text, _MEDIA_TYPE, key=key, metadata=record)


READER = Reader("jsonl", 1, _MEDIA_TYPE, read)

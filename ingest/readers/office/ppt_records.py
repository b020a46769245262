"""The records of a PowerPoint presentation of 1997 to 2003: [MS-PPT] sections 2.1 and 2.3.1 (RecordHeader).

https://learn.microsoft.com/openspecs/office_file_formats/ms-ppt
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error as StructError
from struct import unpack_from

from wherein.errors import Unreadable
from wherein.ingest.readers.office.ole import OleFile
from wherein.ingest.readers.shared.reasons import DAMAGED, ENCRYPTED

__all__ = ["Record", "children", "descendants", "find", "persistent_records"]

_STREAM, _USER = "PowerPoint Document", "Current User"
_HEADER = 8
_EDIT, _DIRECTORY = 0x0FF5, 0x1772
_ENCRYPTED_TOKEN = 0xF3D1C4DF
_CONTAINER = 0xF
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Record:
    """A record of a type at an offset of the stream; its content is from `start` to `end`."""

    data: bytes
    type: int
    instance: int
    is_container: bool
    start: int
    end: int

    @property
    def content(self) -> bytes:
        """The bytes after the header."""
        return self.data[self.start : self.end]

    def number(self, offset: int = 0) -> int:
        """Return four bytes as a number, 0 where the record is too short."""
        return int.from_bytes(self.content[offset : offset + 4], "little")


def _record(data: bytes, offset: int, end: int) -> Record:
    head, kind, length = unpack_from("<HHI", data, offset)
    start = offset + _HEADER
    return Record(data, kind, head >> 4, head & 0xF == _CONTAINER, start, min(start + length, end))


def children(record: Record) -> Iterator[Record]:
    """Yield the records inside a container."""
    offset = record.start
    while record.is_container and offset + _HEADER <= record.end:
        child = _record(record.data, offset, record.end)
        yield child
        offset = child.end


def descendants(record: Record, last: int | None = None, depth: int = 0) -> Iterator[Record]:
    """Yield the records inside a container, those inside each of them after it, unless it is of the type `last`."""
    for child in children(record):
        yield child
        if depth < _MAX_DEPTH and child.type != last:
            yield from descendants(child, last, depth + 1)


def find(record: Record, kind: int) -> Record | None:
    """Return the first record of a type inside a container."""
    return next((child for child in descendants(record) if child.type == kind), None)


def persistent_records(ole: OleFile) -> tuple[Record, dict[int, Record]]:
    """Return the document, and each record that has an id, as they were last saved. Raises Unreadable."""
    data = ole.read(_STREAM)
    try:
        token, offset = unpack_from("<II", ole.read(_USER), _HEADER + 4)
        if token == _ENCRYPTED_TOKEN:
            raise Unreadable(ENCRYPTED)
        offsets, document = _saved(data, offset)
        records = {number: _record(data, start, len(data)) for number, start in offsets.items() if start < len(data)}
        return records[document], records
    except (StructError, KeyError) as error:
        raise Unreadable(DAMAGED) from error


def _saved(data: bytes, offset: int) -> tuple[dict[int, int], int]:
    """Return the offsets of the records by their ids, and the id of the document. Each save adds an edit."""
    offsets: dict[int, int] = {}
    document = 0
    seen = set[int]()
    while offset not in seen and (offset or not seen):
        seen.add(offset)
        edit = _record(data, offset, len(data))
        if edit.type != _EDIT:
            raise Unreadable(DAMAGED)
        document = document or edit.number(16)
        for number, start in _entries(_record(data, edit.number(12), len(data))):
            offsets.setdefault(number, start)
        offset = edit.number(8)
    return offsets, document


def _entries(directory: Record) -> Iterator[tuple[int, int]]:
    if directory.type != _DIRECTORY:
        return
    content, offset = directory.content, 0
    while offset + 4 <= len(content):
        (head,) = unpack_from("<I", content, offset)
        first, count = head & 0xFFFFF, min(head >> 20, (len(content) - offset - 4) // 4)
        for number, start in enumerate(unpack_from(f"<{count}I", content, offset + 4)):
            yield first + number, start
        offset += 4 * (count + 1)

"""Properties of paragraphs and characters in a Word document of 1997 to 2003.

[MS-DOC] sections 2.9.33 (ChpxFkp), 2.9.175 (PapxFkp), 2.9.260 (STD) and 2.6 (Sprm).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import error as StructError
from struct import unpack_from
from typing import Generic, TypeVar

from wherein.ingest.readers.office.doc_fib import WordFile

__all__ = ["ParagraphFormat", "Runs", "hidden_runs", "paragraph_runs"]

_PAGE = 512
_STYLES, _CHARACTER_PAGES, _PARAGRAPH_PAGES = 1, 12, 13
_TITLE = 62
_IN_TABLE, _ROW_END, _OUTLINE, _LIST_LEVEL, _LIST = 0x2416, 0x2417, 0x2640, 0x260A, 0x460B
_DELETED, _HIDDEN = 0x0800, 0x083C
_SIZES = (1, 1, 2, 4, 2, 2, 0, 3)
_LONG = 0xD608
_BODY_LEVEL = 9

_T = TypeVar("_T")


@dataclass(frozen=True)
class ParagraphFormat:
    """Level of the heading (0 for none) and of the list item (0 for none), and where in a table."""

    heading: int = 0
    item: int = 0
    in_table: bool = False
    ends_row: bool = False


class Runs(Generic[_T]):
    """Values by offsets in the stream: each holds from its offset to the next."""

    def __init__(self, values: dict[int, _T], default: _T) -> None:
        self._offsets = sorted(values)
        self._values = values
        self._default = default

    def any(self) -> bool:
        """Whether there is a value that is true."""
        return any(self._values.values())

    def __getitem__(self, offset: int) -> _T:
        index = bisect_right(self._offsets, offset) - 1
        return self._values[self._offsets[index]] if index >= 0 else self._default


def paragraph_runs(word: WordFile) -> Runs[ParagraphFormat]:
    """Return the format of each paragraph by the offsets in the stream."""
    headings = _headings(word)

    def read(page: bytes, offset: int) -> ParagraphFormat:
        size = page[offset]
        start, length = (offset + 1, 2 * size - 1) if size else (offset + 2, 2 * page[offset + 1])
        return _paragraph(page[start : start + length], headings)

    return Runs(dict(_runs(word, _PARAGRAPH_PAGES, 13, read, ParagraphFormat())), ParagraphFormat())


def hidden_runs(word: WordFile) -> Runs[bool]:
    """Return whether characters are hidden or deleted, by the offsets in the stream."""

    def read(page: bytes, offset: int) -> bool:
        changes = dict(_changes(page[offset + 1 : offset + 1 + page[offset]]))
        return any(changes.get(code, b"\0")[:1] == b"\1" for code in (_DELETED, _HIDDEN))

    return Runs(dict(_runs(word, _CHARACTER_PAGES, 1, read, False)), False)


def _runs(
    word: WordFile, index: int, entry: int, read: Callable[[bytes, int], _T], default: _T
) -> Iterator[tuple[int, _T]]:
    """Yield the values of all pages; damaged pages are left out."""
    try:
        start, length = word.location(index)
        count = max(0, (length - 4) // 8)
        numbers = unpack_from(f"<{count}I", word.table, start + 4 * (count + 1))
    except (StructError, IndexError):
        return
    for number in numbers:
        page = word.stream[(number & 0x3FFFFF) * _PAGE :][:_PAGE]
        if len(page) == _PAGE:
            yield from _page_runs(page, entry, read, default)


def _page_runs(page: bytes, entry: int, read: Callable[[bytes, int], _T], default: _T) -> Iterator[tuple[int, _T]]:
    count = page[-1]
    try:
        offsets = unpack_from(f"<{count + 1}I", page)
        for number in range(count):
            start = 2 * page[4 * (count + 1) + entry * number]
            yield offsets[number], read(page, start) if start else default
        yield offsets[count], default
    except (StructError, IndexError):
        return


def _paragraph(data: bytes, headings: dict[int, int]) -> ParagraphFormat:
    style = int(unpack_from("<H", data)[0]) if len(data) >= 2 else 0
    changes = dict(_changes(data[2:]))
    outline = changes.get(_OUTLINE, b"")[:1]
    heading = headings.get(style, 0)
    if outline and outline[0] < _BODY_LEVEL:
        heading = outline[0] + 1
    item = changes.get(_LIST_LEVEL, b"\0")[:1] if changes.get(_LIST, b"\0\0") != b"\0\0" else b""
    return ParagraphFormat(
        heading,
        item[0] + 1 if item and not heading else 0,
        changes.get(_IN_TABLE, b"\0")[:1] == b"\1",
        changes.get(_ROW_END, b"\0")[:1] == b"\1",
    )


def _changes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the code and the operand of each change of properties."""
    offset = 0
    while offset + 2 <= len(data):
        (code,) = unpack_from("<H", data, offset)
        offset += 2
        size = _SIZES[code >> 13]
        if not size:
            if offset >= len(data):
                return
            size = 1 + data[offset] if code != _LONG else 1 + int.from_bytes(data[offset : offset + 2], "little")
        yield code, data[offset : offset + size]
        offset += size


def _headings(word: WordFile) -> dict[int, int]:
    """Return the level of the heading for each style that is one, whatever its name in the language of Word."""
    start, _ = word.location(_STYLES)
    levels: dict[int, int] = {}
    try:
        header, count = unpack_from("<HH", word.table, start)
        offset = start + 2 + header
        for number in range(count):
            size, kind = unpack_from("<HH", word.table, offset)
            identity = kind & 0xFFF
            if size and (1 <= identity <= _BODY_LEVEL or identity == _TITLE):
                levels[number] = 1 if identity == _TITLE else identity
            offset += 2 + size
    except StructError:
        pass
    return levels

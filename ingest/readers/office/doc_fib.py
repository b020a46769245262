"""The text of a Word document of 1997 to 2003, and its parts: [MS-DOC] sections 2.5 (Fib) and 2.8.35 (PlcPcd).

https://learn.microsoft.com/openspecs/office_file_formats/ms-doc
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from struct import error as StructError
from struct import unpack_from

from wherein.errors import Unreadable
from wherein.ingest.readers.office.ole import OleFile
from wherein.ingest.readers.shared.reasons import DAMAGED, ENCRYPTED

__all__ = ["Parts", "Piece", "WordFile", "open_word"]

_WORD_97, _OLDER = 0xA5EC, frozenset((0xA5DC, 0xA5DB, 0xA59C, 0xA698, 0xA699))
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_COMPRESSED = 1 << 30
_PARTS_OFFSET, _FC_OFFSET = 0x4C, 0x9A
_CLX = 33
_MAX_PIECES = 1 << 20


@dataclass(frozen=True)
class Parts:
    """Where the parts of the text end, in characters: they follow one another in this order."""

    main: int
    footnotes: int
    headers: int
    macros: int
    comments: int
    endnotes: int
    boxes: int


@dataclass(frozen=True)
class Piece:
    """A run of `count` characters from `start`, at `offset` in the stream, of one or two bytes each."""

    start: int
    count: int
    offset: int
    width: int


class WordFile:
    """The streams of a document, its pieces and its parts."""

    def __init__(self, stream: bytes, table: bytes, pieces: list[Piece], parts: Parts) -> None:
        self.stream, self.table, self.pieces, self.parts = stream, table, pieces, parts
        self._starts = [piece.start for piece in pieces]

    def text(self) -> str:
        """Return all text, of all parts."""
        return "".join(self._text_of(piece) for piece in self.pieces)

    def _text_of(self, piece: Piece) -> str:
        data = self.stream[piece.offset : piece.offset + piece.count * piece.width]
        text = data.decode("cp1252" if piece.width == 1 else "utf-16-le", "replace")
        # As long as the piece claims to be, so that the positions of what follows are right.
        return text[: piece.count].ljust(piece.count, "\0") if len(text) != piece.count else text

    def offset(self, position: int) -> int:
        """Return where in the stream a character is."""
        piece = self.pieces[max(0, bisect_right(self._starts, position) - 1)]
        return piece.offset + (position - piece.start) * piece.width

    def location(self, index: int) -> tuple[int, int]:
        """Return offset and length of a structure in the table stream, by its number in FibRgFcLcb97."""
        offset, length = unpack_from("<II", self.stream, _FC_OFFSET + 8 * index)
        return offset, length


def open_word(ole: OleFile) -> WordFile:
    """Return the parts of a document. Raises Unreadable."""
    stream = ole.read("WordDocument")
    try:
        return _opened(stream, ole)
    except (StructError, IndexError, ValueError) as error:
        raise Unreadable(DAMAGED) from error


def _opened(stream: bytes, ole: OleFile) -> WordFile:
    kind, flags = unpack_from("<H8xH", stream)
    if kind in _OLDER:
        raise Unreadable("Word document of 1995 or older; save it as .docx")
    if kind != _WORD_97:
        raise Unreadable(DAMAGED)
    if flags & _ENCRYPTED:
        raise Unreadable(ENCRYPTED)
    table = ole.read("1Table" if flags & _SECOND_TABLE else "0Table")
    parts = Parts(*accumulate(unpack_from("<7I", stream, _PARTS_OFFSET)))
    offset, length = unpack_from("<II", stream, _FC_OFFSET + 8 * _CLX)
    pieces = list(_pieces(table[offset : offset + length], len(stream)))
    return WordFile(stream, table, pieces, parts)


def _pieces(clx: bytes, size: int) -> Iterator[Piece]:
    offset = 0
    while clx[offset] == 1:  # properties of pieces that were saved fast
        offset += 3 + int(unpack_from("<H", clx, offset + 1)[0])
    (length,) = unpack_from("<I", clx, offset + 1)
    count = min((length - 4) // 12, _MAX_PIECES)
    starts = unpack_from(f"<{count + 1}I", clx, offset + 5)
    descriptors = offset + 5 + 4 * (count + 1)
    for number in range(count):
        (value,) = unpack_from("<I", clx, descriptors + 8 * number + 2)
        width = 1 if value & _COMPRESSED else 2
        data_offset = (value & (_COMPRESSED - 1)) // 2 if width == 1 else value & (_COMPRESSED - 1)
        length = starts[number + 1] - starts[number]
        if length < 0 or data_offset > size:
            raise Unreadable(DAMAGED)
        yield Piece(starts[number], min(length, (size - data_offset) // width), data_offset, width)

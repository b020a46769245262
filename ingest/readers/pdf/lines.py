"""The lines of a page: cells of one row are on one line, and the value of a field follows its label."""

import math
import re
from collections.abc import Iterator, Sequence
from ctypes import c_double
from dataclasses import dataclass

from pypdfium2 import PdfTextPage
from pypdfium2.raw import FS_RECTF, FPDFText_GetCharAngle, FPDFText_GetCharOrigin, FPDFText_GetLooseCharBox

__all__ = ["join_lines"]

_LINE = re.compile(r"[^\r\n]+")
_BREAK = "\r\n"
_LEVEL = 0.1  # rad
# In heights of a letter: how far apart the lines of two cells of one row may be.
_SAME_ROW = 0.3
# In heights of a letter: how far the next one of a value may be.
_NEAR = 3.0
_MAX_PLACED = 1_000


@dataclass(frozen=True)
class _Line:
    """A line that PDFium sees: its text, the index of its first character, and its position, in points."""

    text: str
    first: int
    left: float
    right: float
    base: float
    height: float
    is_level: bool

    def is_continued_by(self, other: "_Line") -> bool:
        """Whether `other` is to the right of this line, in the same row."""
        tolerance = _SAME_ROW * min(self.height, other.height)
        level = self.is_level and other.is_level
        return level and abs(self.base - other.base) <= tolerance and other.left >= self.right - tolerance


def join_lines(text_page: PdfTextPage, raw: str, indices: Sequence[int], own: int) -> str:
    """Return the text with each row on one line, and what annotations show after what it belongs to.

    `indices` are those of the characters of `raw`; from the index `own` they are of annotations.
    """
    spans = [span for match in _LINE.finditer(raw) for span in _spans(text_page, match, indices, own)]
    found = [_line(text_page, raw, span, indices) for span in spans if raw[slice(*span)].strip()]
    lines = [line for line in found if line.first < own]
    values = [line for line in found if line.first >= own]
    for value in values[:_MAX_PLACED]:
        lines.insert(_index_for(value, lines), value)
    lines += values[_MAX_PLACED:]
    joined: list[str] = []
    for before, line in zip([None, *lines], lines, strict=False):
        gap = "" if before is None else " " if before.is_continued_by(line) else _BREAK
        joined += (gap, line.text)
    return "".join(joined)


def _index_for(value: _Line, lines: Sequence[_Line]) -> int:
    """Return where among the lines a value belongs: after the nearest one to its left, else at the end."""
    labels = [(line.right, index) for index, line in enumerate(lines) if line.is_continued_by(value)]
    return max(labels)[1] + 1 if labels else len(lines)


def _spans(text_page: PdfTextPage, match: re.Match[str], indices: Sequence[int], own: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of a line of PDFium's, which may hold the values of several fields."""
    start, end = match.span()
    for here in range(start + 1, end if indices[end - 1] >= own else start):
        if indices[here] >= own and _is_apart(text_page, indices[here - 1], indices[here]):
            yield start, here
            start = here
    yield start, end


def _is_apart(text_page: PdfTextPage, before: int, index: int) -> bool:
    """Whether a character is not in the row of the one before it, or far from it."""
    (left, base), (x, y) = _origin(text_page, before), _origin(text_page, index)
    height = _height(_box(text_page, index))
    return abs(y - base) > _SAME_ROW * height or not -height < x - left < _NEAR * height


def _line(text_page: PdfTextPage, raw: str, span: tuple[int, int], indices: Sequence[int]) -> _Line:
    text = raw[slice(*span)]
    first = indices[span[0] + len(text) - len(text.lstrip())]
    last = indices[span[0] + len(text.rstrip()) - 1]
    start = _box(text_page, first)
    angle = math.remainder(FPDFText_GetCharAngle(text_page, first), math.tau)
    _, base = _origin(text_page, first)
    right = _box(text_page, last).right
    return _Line(text.strip(), first, start.left, right, base, _height(start), abs(angle) < _LEVEL)


def _origin(text_page: PdfTextPage, index: int) -> tuple[float, float]:
    x, y = c_double(), c_double()
    FPDFText_GetCharOrigin(text_page, index, x, y)
    return x.value, y.value


def _box(text_page: PdfTextPage, index: int) -> FS_RECTF:
    box = FS_RECTF()
    FPDFText_GetLooseCharBox(text_page, index, box)
    return box


def _height(box: FS_RECTF) -> float:
    return abs(float(box.top) - float(box.bottom))

"""The text of a page, as PDFium orders and separates it."""

import re
from collections.abc import Iterator
from ctypes import c_double
from typing import NamedTuple

from pypdfium2 import PdfPage, PdfTextPage
from pypdfium2.raw import FPDFText_GetCharBox, FPDFText_HasUnicodeMapError, FPDFText_IsGenerated

from wherein.ingest.readers.pdf.lines import join_lines
from wherein.ingest.readers.shared.decode import clean

__all__ = ["PageText", "page_text", "unmapped_share"]

# PDFium leaves one of these where it removed the hyphen of a word that was broken at the end of a line.
_HYPHENS = "\ufffe\x02"
_BROKEN_WORD = re.compile(r"(?<=.)\ufffe(?=.)")
# The codes of letters that a font does not name.
_CONTROLS = "".join(chr(code) for code in range(32) if chr(code) not in "\0\2\t\n\f\r")
_REPLACED = {**dict.fromkeys(map(ord, _CONTROLS), " "), **dict.fromkeys(map(ord, _HYPHENS))}
_MANY_CONTROLS = 0.05
_SAMPLED = 100

_Box = tuple[float, float, float, float]


class PageText(NamedTuple):
    """The text of a page within its bounds, each row on a line, and whether there are letters beyond them."""

    text: str
    is_cropped: bool = False


def page_text(page: PdfPage, text_page: PdfTextPage, own: int | None = None) -> PageText:
    """Return the text of a page.

    `own` is how many characters the page has without those that annotations show; None for all.
    """
    count = text_page.count_chars()
    runs = [(0, count)]
    # The bounded text alone lacks the breaks that PDFium puts between separate pieces.
    full = text_page.get_text_range()
    if _letters(full) != _letters(text_page.get_text_bounded()):
        runs = list(_runs_inside(text_page, page.get_bbox()))
    raw = "".join(text_page.get_text_range(start, end - start) for start, end in runs)
    inside = sum(map(str.isalnum, raw))
    indices = [index for start, end in runs for index in range(start, end)]
    if len(indices) == len(raw):  # not where one character of the page is two of the text
        raw = join_lines(text_page, raw, indices, count if own is None else own)
    return PageText(_tidy(raw), inside < sum(map(str.isalnum, full)))


def unmapped_share(text_page: PdfTextPage) -> float:
    """Return the share (0 to 1) of a page's characters that their font does not identify, from a sample."""
    raw = text_page.get_text_range()
    if sum(map(raw.count, _CONTROLS)) > _MANY_CONTROLS * len(raw):
        return 1.0  # the codes of a font in place of letters
    count = text_page.count_chars()
    sample = range(0, count, max(1, count // _SAMPLED))
    unmapped = [index for index in sample if FPDFText_HasUnicodeMapError(text_page, index) == 1]
    return len(unmapped) / max(1, len(sample))


def _tidy(raw: str) -> str:
    text = _BROKEN_WORD.sub(_hyphen, raw.rstrip("\0")).translate(_REPLACED).replace("\r\n", "\n").replace("\r", "\n")
    return clean(text).strip("\n")


def _hyphen(broken: re.Match[str]) -> str:
    """Return the hyphen of a compound, such as `Covid-19`, `Sankt-Peter` or `EU-weit`; "" inside a word."""
    start, end = broken.span()
    before, after = broken.string[max(0, start - 2) : start], broken.string[end : end + 2]
    if after[0].isupper():
        is_compound = not before[-1].isupper() or after[1:].islower()
    else:  # two capitals before small letters are an abbreviation
        is_compound = after[0].isdecimal() or (before.isalpha() and before.isupper() and len(before) == 2)
    return "-" if is_compound else ""


def _letters(text: str) -> str:
    return "".join(text.translate(_REPLACED).split())


def _runs_inside(text_page: PdfTextPage, box: _Box) -> Iterator[tuple[int, int]]:
    """Yield first and last index, exclusive, of characters within the box, with the blanks and breaks around them."""
    start, count = 0, text_page.count_chars()
    for index in range(count):
        if FPDFText_IsGenerated(text_page, index) != 1 and not _is_inside(text_page, index, box):
            if index > start:
                yield start, index
            start = index + 1
    if count > start:
        yield start, count


def _is_inside(text_page: PdfTextPage, index: int, box: _Box) -> bool:
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    if not FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
        return True
    return left.value <= box[2] and right.value >= box[0] and bottom.value <= box[3] and top.value >= box[1]

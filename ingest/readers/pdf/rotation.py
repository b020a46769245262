"""The letters of a page, in the order in which they are written, however the page is turned."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pypdfium2 import PdfPage, PdfTextPage
from pypdfium2.raw import FPDFText_GetCharAngle

__all__ = ["open_letters"]

_SAMPLED = 100


@contextmanager
def open_letters(page: PdfPage) -> Iterator[PdfTextPage]:
    """Open the letters of a page; a page that is turned is turned so that most of them are upright.

    PDFium takes lines that run down the page for columns, and may take the last one for the first.
    """
    rotation = page.get_rotation()
    upright = _upright(page) if rotation else rotation
    if upright != rotation:
        page.set_rotation(upright)
    try:
        with closing(page.get_textpage()) as letters:
            yield letters
    finally:
        if upright != rotation:
            page.set_rotation(rotation)


def _upright(page: PdfPage) -> int:
    """Return by how many degrees the page has to be turned for most of its letters to be upright."""
    with closing(page.get_textpage()) as letters:
        count = letters.count_chars()
        sample = range(0, count, max(1, count // _SAMPLED))
        quarters = Counter(-round(FPDFText_GetCharAngle(letters, index) / (math.pi / 2)) % 4 for index in sample)
    return 90 * max(quarters, key=quarters.__getitem__, default=0)

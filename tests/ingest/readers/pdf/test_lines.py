"""Rows of a table are lines of text, whatever PDFium breaks."""

import pytest
from pypdfium2 import PdfDocument

from pdfs import page_of
from wherein.ingest.readers.pdf.page_text import page_text


def text(*cells: tuple[str, int, int], font: bytes = b"/F1 10 Tf") -> list[str]:
    shown = b" ".join(b"1 0 0 1 %d %d Tm (%b) Tj" % (x, y, cell.encode()) for cell, x, y in cells)
    page = PdfDocument(page_of(b"BT %b %b ET" % (font, shown)))[0]
    return page_text(page, page.get_textpage()).text.split("\n")


@pytest.mark.parametrize("gap", [30, 80, 200])
def test_cells_of_a_row_are_on_one_line(gap: int) -> None:
    cells = [(cell, 72 + gap * number, 700) for number, cell in enumerate(("2", "4", "6"))]
    assert text(*cells, ("below", 72, 680)) == ["2 4 6", "below"]


def test_a_cell_that_is_a_little_higher_is_in_the_row() -> None:
    assert text(("Total", 72, 700), ("4711", 300, 702), ("next", 72, 688)) == ["Total 4711", "next"]


def test_lines_below_one_another_stay_lines() -> None:
    assert text(("one", 72, 700), ("two", 72, 688), ("three", 80, 676)) == ["one", "two", "three"]

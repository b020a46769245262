"""Pages that are turned."""

from contextlib import closing

import pytest
from pypdfium2 import PdfDocument

from pdfs import page_of
from text_files import read
from wherein.ingest.readers.pdf.rotation import open_letters

LEVEL = b"BT /F1 12 Tf 72 700 Td (The owner) Tj 0 -20 Td (signs the) Tj 0 -20 Td (lease.) Tj ET"
UP = LEVEL.replace(b"72 700 Td", b"0 1 -1 0 100 72 Tm")
DOWN = LEVEL.replace(b"72 700 Td", b"0 -1 1 0 500 700 Tm")
OVER = LEVEL.replace(b"72 700 Td", b"-1 0 0 -1 500 100 Tm")


@pytest.mark.parametrize("content", [LEVEL, UP, DOWN, OVER])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_lines_are_in_order_however_a_page_is_turned(content: bytes, degrees: int) -> None:
    data = page_of(content, page=b"/Rotate %d" % degrees)
    assert read(data, "a.pdf").text == "The owner\nsigns the\nlease."


@pytest.mark.parametrize(("content", "upright"), [(LEVEL, 0), (UP, 90), (OVER, 180), (DOWN, 270)])
def test_the_page_is_turned_back(content: bytes, upright: int) -> None:
    with closing(PdfDocument(page_of(content, page=b"/Rotate 90"))) as pdf, closing(pdf[0]) as page:
        with open_letters(page):
            assert page.get_rotation() == upright
        assert page.get_rotation() == 90

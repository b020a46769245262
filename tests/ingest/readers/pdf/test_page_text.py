"""What stands apart on a page is apart in its text, and what lies outside is left out."""

import pytest
from pypdfium2 import PdfDocument

from pdfs import page_of
from wherein.ingest.readers.pdf.page_text import page_text, unmapped_share


def text(content: bytes, box: bytes = b"612 792") -> str:
    page = PdfDocument(page_of(content, box=box))[0]
    return page_text(page, page.get_textpage()).text


def shown(*cells: tuple[str, bytes]) -> bytes:
    """Cells of a table, each with the matrix that says where it stands."""
    return b"BT /F1 10 Tf " + b" ".join(b"%b Tm (%b) Tj" % (at, cell.encode()) for cell, at in cells) + b" ET"


def row(y: int, *cells: str) -> list[tuple[str, bytes]]:
    return [(cell, b"1 0 0 1 %d %d" % (72 + 80 * number, y)) for number, cell in enumerate(cells)]


def test_cells_of_a_row() -> None:
    content = shown(*row(700, "Goals scored", "3", "5", "7"), *row(680, "Goals lost", "2", "4", "6"))
    assert text(content).split("\n") == ["Goals scored 3 5 7", "Goals lost 2 4 6"]


@pytest.mark.parametrize("matrix", [b"0 1 -1 0 %d 500", b"0 -1 1 0 %d 500"])
def test_heads_that_are_turned(matrix: bytes) -> None:
    heads = [(word, matrix % (100 + 30 * number)) for number, word in enumerate(("Alpha", "Beta", "Gamma", "1", "22"))]
    assert text(shown(*heads)) == "Alpha\nBeta\nGamma\n1\n22"


def test_slanted_words() -> None:
    slanted = [(word, b"0.7 0.7 -0.7 0.7 %d 500" % (100 + 40 * number)) for number, word in enumerate(("One", "Two"))]
    assert text(shown(*slanted)).split() == ["One", "Two"]


def test_two_columns_in_the_order_in_which_they_are_written() -> None:
    left = [("The left column", b"1 0 0 1 72 700"), ("goes on here.", b"1 0 0 1 72 686")]
    right = [("The right column", b"1 0 0 1 330 700"), ("comes after it.", b"1 0 0 1 330 686")]
    assert text(shown(*left, *right)).split("\n") == [
        "The left column", "goes on here.", "The right column", "comes after it."
    ]  # fmt: skip


def test_letters_outside_the_page_are_reported() -> None:
    content = shown(("Inside", b"1 0 0 1 72 700"), ("Outside", b"1 0 0 1 900 700"))
    for box, is_cropped in ((b"612 792", True), (b"1200 792", False)):
        page = PdfDocument(page_of(content, box=box))[0]
        assert page_text(page, page.get_textpage()).is_cropped is is_cropped


def test_what_lies_outside_the_page_is_left_out() -> None:
    content = shown(
        ("Crop marks", b"1 0 0 1 300 900"), ("Inside", b"1 0 0 1 72 700"), ("beside", b"1 0 0 1 700 700"),
        ("2 4", b"1 0 0 1 72 680"), ("6", b"1 0 0 1 172 680"), ("below", b"1 0 0 1 72 -90"),
    )  # fmt: skip
    assert text(content).split() == ["Inside", "2", "4", "6"]


def test_words_broken_at_the_end_of_a_line_and_control_characters() -> None:
    assert text(shown(("one\x01two\x1f", b"1 0 0 1 72 700"))).split() == ["one", "two"]


def test_letters_that_a_font_does_not_name() -> None:
    named = PdfDocument(page_of(shown(("Words", b"1 0 0 1 72 700"))))[0]
    assert unmapped_share(named.get_textpage()) == 0
    assert unmapped_share(PdfDocument(page_of(b""))[0].get_textpage()) == 0
    codes = PdfDocument(page_of(shown(("XpsEt\x01bsf\x01tijgufe", b"1 0 0 1 72 700"))))[0]
    assert unmapped_share(codes.get_textpage()) == 1

"""Text in pictures: lines as they stand, nothing where there is no text, and a limit for every picture."""

import random

import pytest

from ocr import MISSING, drawn, hide_tesseract, needs_tesseract
from wherein.errors import Unreadable
from wherein.ingest.readers.ocr import tesseract
from wherein.ingest.readers.ocr.picture import Picture
from wherein.ingest.readers.ocr.tesseract import Recognized, default_languages, obstacle, recognize

pytest.importorskip("PIL", reason="pictures are drawn by Pillow; install wherein[ocr]")


def read(*lines: str, turned: int = 0) -> Recognized:
    image = drawn(*lines).rotate(turned, expand=True)
    return recognize(Picture(image.width, image.height, image.tobytes()), "eng")


@needs_tesseract
@pytest.mark.parametrize(
    "lines",
    [
        ("The owner signs the lease.", "Rent is due in May."),
        ("Invoice 4711", "Total 1,250.00 EUR"),
        ("Quinces are sour and hard.",),
    ],
)
def test_lines_of_text(lines: tuple[str, ...]) -> None:
    found = read(*lines)
    assert found.text == "\n".join(lines)
    assert 0.8 < found.confidence <= 1


@needs_tesseract
def test_a_word_that_was_broken_at_the_end_of_a_line_is_one_word() -> None:
    assert read("The boiler room is behind the stair-", "case of the house.").text == (
        "The boiler room is behind the staircase of the house."
    )


@needs_tesseract
def test_paragraphs_are_apart() -> None:
    assert read("The first paragraph is here.", "", "", "", "The second one is below it.").text == (
        "The first paragraph is here.\n\nThe second one is below it."
    )


@needs_tesseract
def test_a_page_that_was_scanned_sideways() -> None:
    lines = ["The owner of the house signs the lease and the tenant pays."] * 6
    assert read(*lines, turned=90).text.split() == " ".join(lines).split()


@needs_tesseract
@pytest.mark.parametrize("pixels", [bytes(90_000), b"\xff" * 90_000, random.Random(5).randbytes(90_000)])
def test_a_picture_without_text_has_none(pixels: bytes) -> None:
    assert recognize(Picture(300, 300, pixels), "eng") == Recognized()


@needs_tesseract
def test_what_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "SECONDS", 0.001)
    with pytest.raises(Unreadable, match=r"takes longer than 0\.001 s to recognize"):
        read("Some text")


@needs_tesseract
def test_what_tesseract_refuses_is_an_error() -> None:
    with pytest.raises(Unreadable, match="Tesseract fails to recognize it"):
        recognize(Picture(40_000, 1, bytes(40_000)), "eng")


@pytest.mark.parametrize(
    ("installed", "asked", "expected"),
    [
        ((), "", MISSING),
        ((), "eng", MISSING),
        (("eng",), "", ""),
        (("deu", "eng"), "eng+deu", ""),
        (("eng",), "deu+eng", "Tesseract lacks the language deu: apt install tesseract-ocr-deu"),
        (("eng",), "chi_sim", "Tesseract lacks the language chi_sim: apt install tesseract-ocr-chi-sim"),
        (
            ("eng",),
            "fra+script/Latin",
            "Tesseract lacks the language fra, script/Latin: apt install tesseract-ocr-fra tesseract-ocr-latin",
        ),
    ],
)
def test_what_has_to_be_installed(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], asked: str, expected: str
) -> None:
    hide_tesseract(monkeypatch, *installed)
    assert obstacle(asked) == expected


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        (("eng",), "eng"),
        (("deu", "eng", "script/Latin"), "deu+eng"),
        (("deu", "fra"), "deu+fra"),
        (("deu", "eng", "fra", "ita"), "eng"),
        (("deu", "fra", "ita", "spa"), "deu+fra+ita"),
    ],
)
def test_the_installed_languages_are_the_default(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], expected: str
) -> None:
    hide_tesseract(monkeypatch, *installed)
    assert default_languages() == expected

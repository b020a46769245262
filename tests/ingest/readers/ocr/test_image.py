"""Images as documents, in every format."""

import io

import pytest

from ocr import MISSING, drawn, hide_tesseract, needs_tesseract, saved
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.ocr import image_pages
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.skipped import Skipped

Image = pytest.importorskip("PIL.Image", reason="pictures are drawn by Pillow; install wherein[ocr]")

LINES = ("The owner signs the lease.", "Rent is due in May.")
TEXT = "\n".join(LINES)


def read(data: bytes) -> Document:
    stream = io.BytesIO(data)
    (found,) = choose("scans/lease.png", stream, ReadContext(ocr_languages="eng")).read(stream, "scans/lease.png")
    assert isinstance(found, Document)
    return found


def reason(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert type(caught.value) is Skipped
    return str(caught.value)


@needs_tesseract
@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"])
def test_formats(format: str) -> None:
    found = read(saved(drawn(*LINES, mode="RGB"), format))
    assert (found.title, found.text, found.media_type) == ("lease.png", TEXT, "image/*")
    assert (found.marks, found.recognized) == ((Mark(0),), ((0, len(TEXT)),))
    (note,) = found.notes
    assert note.startswith("read by OCR (eng, 9")


@needs_tesseract
def test_heic() -> None:
    heif = pytest.importorskip("pillow_heif", reason="HEIC is read by pillow-heif; install wherein[ocr]")
    heif.register_heif_opener()
    assert read(saved(drawn(*LINES, mode="RGB"), "HEIF")).text == TEXT


@needs_tesseract
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_colors(mode: str) -> None:
    assert read(saved(drawn(*LINES).convert(mode), "PNG")).text == TEXT


@needs_tesseract
def test_paper_that_is_transparent() -> None:
    letters = drawn(*LINES)
    image = Image.merge("LA", (Image.new("L", letters.size), letters.point(lambda value: 255 - value)))
    assert read(saved(image, "PNG")).text == TEXT


@needs_tesseract
def test_small_letters_of_a_screen() -> None:
    assert read(saved(drawn(*LINES, size=14), "PNG")).text == TEXT


@needs_tesseract
def test_a_photograph_that_is_stored_on_its_side() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(saved(drawn(*LINES).rotate(90, expand=True), "JPEG", exif=exif)).text == TEXT


@needs_tesseract
def test_pages_of_a_tiff() -> None:
    blank = Image.new("L", (400, 400), 255)
    found = read(saved(drawn(*LINES), "TIFF", save_all=True, append_images=[blank, drawn("The third page.")]))
    assert found.text == f"{TEXT}\n\nThe third page."
    assert found.marks == (Mark(0, 1), Mark(len(TEXT) + 2, 3))
    assert found.notes[1:] == ("1 of 3 pages has no text: 2",)


@needs_tesseract
def test_a_tiny_page_among_others_costs_only_itself() -> None:
    found = read(saved(drawn(*LINES), "TIFF", save_all=True, append_images=[Image.new("L", (5, 5))]))
    assert (found.text, found.notes[1:]) == (TEXT, ("1 of 2 pages has no text: 2",))


@needs_tesseract
def test_a_tiff_in_lab_colors_and_a_big_tiff() -> None:
    letters = drawn(*LINES)
    neutral = Image.new("L", letters.size, 128)
    assert read(saved(Image.merge("LAB", (letters, neutral, neutral)), "TIFF")).text == TEXT
    assert read(saved(letters, "TIFF", big_tiff=True)).text == TEXT


@needs_tesseract
def test_no_text() -> None:
    assert (
        reason(saved(Image.new("RGB", (300, 200), "green"), "PNG")) == "PNG image without text that can be recognized"
    )
    assert reason(saved(Image.new("L", (15, 200)), "GIF")) == "GIF image too small to hold text"


@needs_tesseract
def test_damaged_and_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = saved(drawn(*LINES), "PNG")
    assert reason(whole[:20]) == "damaged or truncated PNG image"
    assert reason(whole[: len(whole) // 2]) == "damaged or truncated PNG image"
    assert reason(saved(Image.new("1", (20_000, 20_000)), "PNG")) == "PNG image of more than 178 million pixels"
    monkeypatch.setattr(image_pages, "_MAX_PAGES", 1)
    several = saved(drawn("One"), "TIFF", save_all=True, append_images=[drawn("Two")])
    assert reason(several) == "TIFF image of more than 1 pages; split it to read it"


@needs_tesseract
def test_a_large_image_is_scaled_down() -> None:
    large = drawn(*LINES, size=300)
    assert large.width * large.height > 1_000_000
    assert read(saved(large.resize((large.width * 2, large.height * 2)), "JPEG")).text.endswith(LINES[1])


def test_without_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_tesseract(monkeypatch)
    assert reason(b"\x89PNG\r\n\x1a\n\0") == f"PNG image; {MISSING}"
    assert reason(b"RIFF\0\0\0\0WEBPVP8 ") == f"WebP image; {MISSING}"

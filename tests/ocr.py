"""Pictures of text, drawn for a test, and what a test needs that reads them."""

import io
from typing import TYPE_CHECKING

import pytest

from wherein.ingest.readers.ocr import tesseract

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MISSING", "drawn", "hide_tesseract", "needs_tesseract", "saved"]

MISSING = "install Tesseract to read text in pictures: apt install tesseract-ocr"

needs_tesseract = pytest.mark.skipif(
    "eng" not in tesseract.installed_languages(),
    reason="Tesseract with English is not installed: apt install tesseract-ocr",
)


def drawn(*lines: str, size: int = 40, mode: str = "L") -> "Image":
    """Lines of black letters on white, each `size` pixels high."""
    from PIL import Image, ImageDraw, ImageFont

    width, height = 100 + size * max(map(len, lines)) * 2 // 3, 100 + size * 4 // 3 * len(lines)
    image = Image.new(mode, (width, height), "white")
    font = ImageFont.load_default(size)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((50, 50 + size * 4 // 3 * number), line, fill="black", font=font)
    return image


def saved(image: "Image", format: str, **options: object) -> bytes:
    """The image as a file."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def hide_tesseract(monkeypatch: pytest.MonkeyPatch, *languages: str) -> None:
    """Have Tesseract look as if it had these languages only, or were not installed without any."""
    monkeypatch.setattr(tesseract, "installed_languages", lambda: languages)

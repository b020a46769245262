"""How notes describe what was recognized in pictures."""

from collections.abc import Sequence

from wherein.ingest.readers.ocr.tesseract import default_languages

__all__ = ["how_read"]


def how_read(languages: str, pages: Sequence[tuple[str, float]]) -> str:
    """Return such as `read by OCR (deu+eng, 93 % sure)` for texts and how sure Tesseract is of each (0 to 1).

    The languages "" stand for those that are installed.
    """
    sure = sum(len(text) * confidence for text, confidence in pages) / max(1, sum(len(text) for text, _ in pages))
    return f"read by OCR ({languages or default_languages()}, {100 * sure:.0f} % sure)"

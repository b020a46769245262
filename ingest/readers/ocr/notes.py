"""How notes describe what was recognized in pictures."""

from wherein.ingest.readers.ocr.tesseract import default_languages

__all__ = ["how_read"]


def how_read(languages: str, confidence: float) -> str:
    """Return such as `read by OCR (deu+eng, 93 % sure)`; "" stands for the languages that are installed."""
    return f"read by OCR ({languages or default_languages()}, {confidence:.0%} sure)"

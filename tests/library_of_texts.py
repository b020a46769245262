"""A library of short texts, each in a file of its own."""

from collections.abc import Mapping
from pathlib import Path

from toy import toy_library
from wherein.library import Library

__all__ = ["library_of_texts"]


def library_of_texts(folder: Path, texts: Mapping[str, str]) -> Library:
    """Write each text to a file `docs/NAME.txt` below the folder, and ingest them into `library` beside `docs`."""
    docs = folder / "docs"
    docs.mkdir()
    for name, text in texts.items():
        (docs / f"{name}.txt").write_text(text, "utf-8")
    return toy_library(folder / "library", docs)

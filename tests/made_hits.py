"""Hits for tests, made without a catalog."""

from wherein.search.hits import FreshnessOf, Hit

__all__ = ["all_are", "made_hit"]


def made_hit(text: str = "", **others: object) -> Hit:
    """Return a hit of the text `text` at the beginning of `file:///a.txt`; `others` are its other columns."""
    columns = {"rank": 1, "score": 0.5, "distance": None, "document": 1, "chunk": 1, "uri": "file:///a.txt",
               "title": "", "media_type": "text/plain", "start": 0, "end": len(text), "line": 1, "page": None,
               "heading": (), "text": text, **others}  # fmt: skip
    return Hit(**columns)  # type: ignore[arg-type]


def all_are(state: str) -> FreshnessOf:
    """Return a check that finds the files of all documents in one state."""
    return lambda documents: dict.fromkeys(documents, state)

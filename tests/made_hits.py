"""Hits for tests, made without a catalog."""

from wherein.search.hits import Hit

__all__ = ["made_hit"]


def made_hit(text: str = "", **others: object) -> Hit:
    """Return a hit of the text `text` at the beginning of `file:///a.txt`; `others` are its other columns."""
    columns = {"rank": 1, "score": 0.5, "distance": None, "document": 1, "chunk": 1, "uri": "file:///a.txt",
               "title": "", "media_type": "text/plain", "start": 0, "end": len(text), "line": 1, "page": None,
               "heading": (), "text": text, **others}  # fmt: skip
    return Hit(**columns)  # type: ignore[arg-type]

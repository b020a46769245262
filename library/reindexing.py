"""Catching up with the sources and swapping in a new index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wherein.storage.index.method import AUTO

if TYPE_CHECKING:
    from wherein.storage.index.generations import Generation

__all__ = ["not_as_chosen"]

_TOO_FEW = "there are so few vectors that they are searched exactly; it is used once there are more"
_MISSES = "it would miss too many of these vectors, so they are searched exactly; wherein status tells the index"


def not_as_chosen(index: str, made: Generation | None) -> str:
    """Return why the index is not the one that was chosen, "" if it is."""
    if made is None or index in (AUTO, made.method.name):
        return ""
    return _TOO_FEW if made.method.asked != index else _MISSES

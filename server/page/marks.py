"""Texts in pieces, some of which are marked; a template writes each piece as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wherein.render.lead import question_marks

__all__ = ["Mark", "Piece", "pieces", "word_marks"]

Mark = tuple[int, int, str]
"""A span of characters, from start to end, and what it is: `word`, `sentence` or `passage`."""


@dataclass(frozen=True)
class Piece:
    """A part of a text, and all that it is a part of."""

    text: str
    start: int
    kinds: frozenset[str]


def word_marks(text: str, question: str) -> list[Mark]:
    """Return a mark for each word of the question in a text."""
    return [(start, end, "word") for start, end, _ in question_marks(text, question)]


def pieces(text: str, marks: Sequence[Mark], cuts: Iterable[int] = (), offset: int = 0) -> list[Piece]:
    """Return a text in pieces that begin and end where a mark does, or at one of `cuts`; it begins at `offset`."""
    edges = {0, len(text), *cuts, *(edge for start, end, _ in marks for edge in (start, end))}
    found, under = [], sorted(marks)
    for start, end in pairwise(sorted(edge for edge in edges if 0 <= edge <= len(text))):
        under = [mark for mark in under if mark[1] > start]
        kinds = frozenset(kind for first, _, kind in under if first <= start)
        found.append(Piece(text[start:end], offset + start, kinds))
    return found

"""Ranked passages that are not hits yet: which of them are shown is chosen before they are checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from wherein.search.hits import StoredPassage

__all__ = ["Choose", "Found"]


class Found(NamedTuple):
    """A ranked passage, as stored and unchecked; `score` and `chance` as in `Hit`."""

    passage: StoredPassage
    score: float
    chance: float | None = None


Choose = Callable[[Sequence[Found]], list[int]]
"""Returns the positions of the passages in a ranking that become hits, ascending."""

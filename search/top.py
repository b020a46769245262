"""The highest of many scores."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["highest", "highest_over_zero"]

_BLOCK = 256


def highest(scores: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    """Return the positions of the `n` highest scores, highest first; equal scores in the order of their positions."""
    if len(scores) <= max(_BLOCK, 2 * n):
        return np.argsort(-scores, kind="stable")[:n].astype(np.int64)
    floor = _floor(scores, n)
    reached = np.flatnonzero(scores >= floor)
    if 2 * len(reached) < len(scores):
        return reached[highest(scores[reached], n)]
    # Most of the scores equal the floor: only as many as are needed are sorted.
    above = np.flatnonzero(scores > floor)
    if len(above) > n:
        return above[highest(scores[above], n)]
    equal = np.flatnonzero(scores == floor)[: n - len(above)]
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], equal])


def highest_over_zero(scores: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    """Return the same of the scores over 0, of which there may be fewer."""
    if _has_blocks(len(scores), n):
        positions = highest(scores, n)
        return positions[scores[positions] > 0]
    scored = np.flatnonzero(scores > 0)
    return scored[highest(scores[scored], n)]


def _floor(scores: npt.NDArray[Any], n: int) -> Any:
    """Return a score that at least `n` of the scores reach."""
    if _has_blocks(len(scores), n):
        # With a million scores, most of them equal, a partition takes 30 times as long.
        scores = scores[: len(scores) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).max(axis=1)
    return np.partition(scores, len(scores) - n)[len(scores) - n]


def _has_blocks(count: int, n: int) -> bool:
    """Whether there are so many blocks that the highest scores of `n` of them are a high floor."""
    return n <= count // _BLOCK // 2

"""The highest of many scores."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["highest"]

_BLOCK = 256


def highest(scores: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    """Return the positions of the `n` highest scores, highest first; equal scores in the order of their positions."""
    if n >= len(scores):
        return np.argsort(-scores, kind="stable").astype(np.int64)
    floor = _floor(scores, n)
    above = np.flatnonzero(scores > floor)
    if len(above) > n:
        return above[highest(scores[above], n)]
    # Many scores may equal the floor: only as many as are needed are sorted.
    equal = np.flatnonzero(scores == floor)[: n - len(above)]
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], equal])


def _floor(scores: npt.NDArray[Any], n: int) -> Any:
    """Return a score that at least `n` of the scores reach."""
    blocks = len(scores) // _BLOCK
    if n <= blocks // 2:
        # With a million scores, most of them equal, a partition takes 30 times as long.
        scores = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
    return np.partition(scores, len(scores) - n)[len(scores) - n]

"""The highest of many scores."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["highest"]


def highest(scores: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    """Return the positions of the `n` highest scores, highest first; equal scores in the order of their positions."""
    if n >= len(scores):
        return np.argsort(-scores, kind="stable").astype(np.int64)
    # Linear in the number of scores; only the `n` highest are sorted.
    lowest = np.partition(scores, len(scores) - n)[len(scores) - n]
    above = np.flatnonzero(scores > lowest)
    # Many scores may equal the lowest: only as many as are needed are sorted.
    equal = np.flatnonzero(scores == lowest)[: n - len(above)]
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], equal])

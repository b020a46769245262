"""One score from two: how near a passage is in meaning, and how well its words fit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fuse"]

Scores = npt.NDArray[np.float64]

_DENSE = 0.6


def fuse(dense: Scores, keyword: Scores, idf: Scores) -> Scores:
    """Return the scores `[n]` of a question's candidates, 0 to 1; the order of them is what is shown.

    `dense` `[n]` are the similarities of the candidates' vectors with the question's, `keyword` `[n]` their BM25
    scores, 0 where no word of the question occurs. The candidates are the best of both. `idf` `[t]` are the inverse
    document frequencies of the question's terms (`bm25.Keywords`), of which there may be none.
    """
    return _DENSE * _scaled(dense) + (1 - _DENSE) * _scaled(keyword)


def _scaled(scores: Scores) -> Scores:
    """Return scores moved to the range from 0 to 1, zeros where all are equal."""
    if not len(scores):
        return scores
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)

"""How much effort an approximate search needs: measured with questions that exact search has answered.

The questions are derived from stored vectors, without being any of them, since a stored vector finds itself with the
least effort. For lists each is the direction halfway between two random vectors, with noise of its own length: like a
real question it is not very near to anything, and its neighbors lie in several lists. For a graph, where such a
question would lead to two regions at once, it is one vector with noise of 1.75 times its length. Real questions need
a little less effort (docs/decisions/index-kinds.md).
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.index.method import HNSW, IVF, Step

__all__ = [
    "DEPTHS",
    "MAX_CANDIDATES",
    "TARGET",
    "GroundTruth",
    "recall_of",
    "significantly_below",
    "synthetic_queries",
    "tune",
]

TARGET = 0.99
"""The mean recall that a search must reach: the part of the nearest vectors that it finds."""
DEPTHS = (10, 50)
"""The numbers of nearest vectors for which the effort is tuned: an answer's, and the candidates of a hybrid one."""
MAX_CANDIDATES = 4
"""The most candidates that are rescored for each vector that is wanted."""

_NOISE = {IVF: 1.0, HNSW: 1.75}
_SEED = 20_262

# Exact search keeps more neighbors than are wanted, so that any of several equally near ones counts as found.
_KEPT = 150
_EQUAL = 1e-6
# The normal quantile of 1 - 1/10,000: rarely does the true mean lie more standard errors above the measured one.
_QUANTILE = 3.72

Recall = npt.NDArray[np.float64]
Search = Callable[[Matrix, int, int], Ids]
Nearest = Callable[[Matrix, int], tuple[Ids, Matrix]]


def synthetic_queries(vectors: Matrix, name: str) -> Matrix:
    """Return questions `[n, dimension]` of length 1 derived from unit vectors `[2 n, dimension]`; deterministic.

    `name` is the method that they are to test.
    """
    n, dimension = len(vectors) // 2, vectors.shape[1]
    base = _unit(vectors[:n] + vectors[n : 2 * n]) if name == IVF else vectors[:n]
    # Divided by the root of the dimension, the noise has a length of about `_NOISE`.
    noise = np.random.default_rng(_SEED).standard_normal((n, dimension)) * _NOISE[name] / sqrt(dimension)
    return _unit(base + noise.astype(np.float32))


def _unit(vectors: Matrix) -> Matrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


class GroundTruth:
    """For some questions `[n, dimension]` the nearest of all vectors that were added, found by exact search."""

    def __init__(self, questions: Matrix) -> None:
        self.questions = questions
        self.ids: Ids = np.empty((len(questions), 0), np.int64)
        self.scores: Matrix = np.empty((len(questions), 0), np.float32)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Add vectors `[m, dimension]` with ids `[m]` to those that are searched."""
        scores = self.questions @ vectors.T
        kept = min(_KEPT, len(ids))
        best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
        self.ids = np.hstack([self.ids, ids[best]])
        self.scores = np.hstack([self.scores, np.take_along_axis(scores, best, 1)])
        order = np.argsort(-self.scores, axis=1, kind="stable")[:, :_KEPT]
        self.ids = np.take_along_axis(self.ids, order, 1)
        self.scores = np.take_along_axis(self.scores, order, 1)

    def recall(self, found: Ids, k: int) -> Recall:
        """Return the recall of each question: the part of its `k` nearest vectors that is in `found` `[n, m]`."""
        k = min(k, self.ids.shape[1])
        near = self.scores >= self.scores[:, k - 1 : k] - _EQUAL
        hits = [np.isin(ids[good], row).sum() for ids, good, row in zip(self.ids, near, found, strict=True)]
        return np.minimum(np.array(hits, np.float64), k) / k


def tune(
    truth: GroundTruth, search: Search, max_effort: int, min_effort_per_result: int = 0, target: float = TARGET
) -> tuple[Step, ...]:
    """Return the least effort, up to `max_effort`, with which `search` reaches the target, for each of `DEPTHS`.

    `search(questions, effort, n)` returns ids `[questions, n]`, `MAX_CANDIDATES` for each vector that is wanted. The
    effort for `k` vectors is at least `k * min_effort_per_result`. Where no effort is enough, the step of the greatest
    is returned, with a recall below the target.
    """
    return tuple(
        _step(truth, search, _efforts(max(1, min_effort_per_result * k), max_effort), k, target) for k in DEPTHS
    )


def recall_of(nearest: Nearest, truth: GroundTruth, k: int = DEPTHS[0]) -> Recall:
    """Return for each question of `truth` the recall of an index's own `nearest` at `k`."""
    found = np.full((len(truth.questions), k), -1, np.int64)
    for row, question in enumerate(truth.questions):
        ids, _ = nearest(question, k)
        found[row, : len(ids)] = ids
    return truth.recall(found, k)


def significantly_below(recall: Recall, target: float = TARGET) -> bool:
    """Whether the mean recall of a sample is below the target by more than chance explains (one-sided, 1 in 10,000)."""
    return bool(recall.mean() + _QUANTILE * recall.std() / sqrt(len(recall)) < target)


def _step(truth: GroundTruth, search: Search, efforts: list[int], k: int, target: float) -> Step:
    low, high = 0, len(efforts) - 1
    while low < high:  # a binary search, since recall grows with the effort
        middle = (low + high) // 2
        if truth.recall(search(truth.questions, efforts[middle], MAX_CANDIDATES * k), k).mean() >= target:
            high = middle
        else:
            low = middle + 1
    found = search(truth.questions, efforts[low], MAX_CANDIDATES * k)
    for candidates in _candidates(k):
        recall = float(truth.recall(found[:, :candidates], k).mean())
        if recall >= target:
            break
    return Step(k, efforts[low], candidates, recall)


def _efforts(least: int, most: int) -> list[int]:
    """Return numbers from `least` to `most`, each greater than the one before by 1 or, if that is more, by a tenth."""
    efforts = [min(least, most)]
    while efforts[-1] < most:
        efforts.append(min(most, max(efforts[-1] + 1, efforts[-1] * 11 // 10)))
    return efforts


def _candidates(k: int) -> list[int]:
    return sorted({k + max(4, k // 10), k + max(6, k // 5), k + k // 2 + 2, 2 * k + 4, 3 * k, MAX_CANDIDATES * k})

"""How much work an approximate search needs: found by asking it what exact search has answered.

Questions are made of stored vectors, but are none of them, since a stored vector finds itself with the least effort.
For lists each is the direction halfway between two that are drawn at random, with noise of its own length: like a real
question it is not very near to anything, and what is near to it lies in several lists. For a graph, which would have to
walk to two places at once, it is one vector with noise of 1.75 of its length. Real questions need a little less effort
(docs/decisions/index-kinds.md).
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.index.method import HNSW, IVF, Step

__all__ = ["DEPTHS", "MOST", "TARGET", "GroundTruth", "recall_of", "significantly_below", "synthetic_queries", "tune"]

TARGET = 0.99
"""The part of the nearest vectors that is to be found, on average."""
DEPTHS = (10, 50)
"""For so many vectors at a time the effort is found: those of an answer, and of the candidates of a hybrid one."""

_NOISE = {IVF: 1.0, HNSW: 1.75}
_SEED = 20_262
MOST = 4
"""The most candidates that are scored again for each vector that is wanted."""

# So many are compared, so that of equally near ones, of which exact search names some, the others count as well.
_KEPT = 150
_EQUAL = 1e-6
# All but one mean in 10,000 are less than so many standard errors above the one that is measured.
_OUTLYING = 3.72

Recall = npt.NDArray[np.float64]
Search = Callable[[Matrix, int, int], Ids]
Nearest = Callable[[Matrix, int], tuple[Ids, Matrix]]


def synthetic_queries(vectors: Matrix, name: str) -> Matrix:
    """Return questions `[n, dimension]` of length 1 that are made of unit vectors `[2 n, dimension]`; always the same.

    `name` is the method that they are to try.
    """
    n, dimension = len(vectors) // 2, vectors.shape[1]
    base = _unit(vectors[:n] + vectors[n : 2 * n]) if name == IVF else vectors[:n]
    noise = np.random.default_rng(_SEED).standard_normal((n, dimension)) * _NOISE[name] / sqrt(dimension)
    return _unit(base + noise.astype(np.float32))


def _unit(vectors: Matrix) -> Matrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


class GroundTruth:
    """The vectors nearest to some questions `[n, dimension]`, of all that were shown to it, found exactly."""

    def __init__(self, questions: Matrix) -> None:
        self.questions = questions
        self.ids: Ids = np.empty((len(questions), 0), np.int64)
        self.scores: Matrix = np.empty((len(questions), 0), np.float32)

    def show(self, ids: Ids, vectors: Matrix) -> None:
        """Take ids `[m]` and vectors `[m, dimension]` into account."""
        scores = self.questions @ vectors.T
        kept = min(_KEPT, len(ids))
        best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
        self.ids = np.hstack([self.ids, ids[best]])
        self.scores = np.hstack([self.scores, np.take_along_axis(scores, best, 1)])
        order = np.argsort(-self.scores, axis=1, kind="stable")[:, :_KEPT]
        self.ids = np.take_along_axis(self.ids, order, 1)
        self.scores = np.take_along_axis(self.scores, order, 1)

    def recall(self, found: Ids, k: int) -> Recall:
        """Return for each question which part of its `k` nearest is among those that were `found` `[n, m]`."""
        k = min(k, self.ids.shape[1])
        near = self.scores >= self.scores[:, k - 1 : k] - _EQUAL
        hits = [np.isin(ids[good], row).sum() for ids, good, row in zip(self.ids, near, found, strict=True)]
        return np.minimum(np.array(hits, np.float64), k) / k


def tune(truth: GroundTruth, search: Search, most: int, least: int = 0, target: float = TARGET) -> tuple[Step, ...]:
    """Return the least effort, up to `most`, by which `search` finds enough, for each of `DEPTHS`.

    `search(questions, effort, n)` returns ids `[questions, n]`, `MOST` for each vector that is wanted. An effort under
    `least` for each of them is none. Where no effort is enough the step of the last one is
    returned, and its recall is below the target.
    """
    return tuple(_step(truth, search, _efforts(max(1, least * k), most), k, target) for k in DEPTHS)


def recall_of(nearest: Nearest, truth: GroundTruth, k: int = DEPTHS[0]) -> Recall:
    """Return for each question of `truth` which part of its `k` nearest an index finds, by its own `nearest`."""
    found = np.full((len(truth.questions), k), -1, np.int64)
    for row, question in enumerate(truth.questions):
        ids, _ = nearest(question, k)
        found[row, : len(ids)] = ids
    return truth.recall(found, k)


def significantly_below(recall: Recall, target: float = TARGET) -> bool:
    """Whether the questions of a sample had a recall so low that chance cannot be the reason."""
    return bool(recall.mean() + _OUTLYING * recall.std() / sqrt(len(recall)) < target)


def _step(truth: GroundTruth, search: Search, efforts: list[int], k: int, target: float) -> Step:
    low, high = 0, len(efforts) - 1
    while low < high:  # recall grows with the effort
        middle = (low + high) // 2
        if truth.recall(search(truth.questions, efforts[middle], MOST * k), k).mean() >= target:
            high = middle
        else:
            low = middle + 1
    found = search(truth.questions, efforts[low], MOST * k)
    for candidates in _candidates(k):
        recall = float(truth.recall(found[:, :candidates], k).mean())
        if recall >= target:
            break
    return Step(k, efforts[low], candidates, recall)


def _efforts(least: int, most: int) -> list[int]:
    """Return numbers from `least` to `most`, each one more than the one before, or a tenth."""
    efforts = [min(least, most)]
    while efforts[-1] < most:
        efforts.append(min(most, max(efforts[-1] + 1, efforts[-1] * 11 // 10)))
    return efforts


def _candidates(k: int) -> list[int]:
    return sorted({k + max(4, k // 10), k + max(6, k // 5), k + k // 2 + 2, 2 * k + 4, 3 * k, MOST * k})

"""One order from two: how near a passage is in meaning, and which of the question's words it holds, and where.

No part's scale depends on the other candidates, so a score means the same for every k, and poor candidates cannot
inflate a part as they do with min-max scaling. What the weights were fitted on, and what else was tried:
docs/decisions/fusion.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Fused", "Overlap", "QuestionWords", "as_cosine", "fuse", "fuse_best", "promising"]

Scores = npt.NDArray[np.float64]
# A stemmed word, or its term.
Word = TypeVar("Word", int, str)

# Weights beside the cosine's 1.
# Fitted were 0.032, 0.273, 0.115 and 0.104; the last was raised by hand (docs/decisions/fusion.md).
_KEYWORD, _COVERAGE, _ADJACENT, _NEAR = 0.03, 0.27, 0.12, 0.15
# The weight of BM25 in the choice of the candidates to read, before anything is known of their texts.
_UNREAD_KEYWORD = 0.1
# The usual range of the cosines of a question's candidates.
_SPREAD = 0.4
# How far apart, in words, the two words of a close pair may be in the question and in a passage.
_MAX_DISTANCE_ASKED, _MAX_DISTANCE_HELD = 2, 5
_NEXT = (1,)
_AROUND = tuple(step for step in range(-_MAX_DISTANCE_HELD, _MAX_DISTANCE_HELD + 1) if step)


@dataclass(frozen=True)
class Overlap:
    """What a passage shares with the question, each from 0 (nothing) to 1 (all), rare words counting more.

    `coverage`: words. `adjacent`: neighbours in the question that are neighbours here, in that order.
    `near`: words close together in the question that are close together here, in any order.
    """

    coverage: float
    adjacent: float
    near: float


@dataclass(frozen=True)
class _Pairs(Generic[Word]):
    """Pairs of a question's different words, with their weights.

    A passage holds a pair when the second word is one of `steps` after the first.
    """

    weights: list[tuple[Word, Word, float]]
    steps: tuple[int, ...]
    total: float

    def share(self, offsets: Mapping[Word, list[int]]) -> float:
        """Return the share of the pairs that a passage holds, given the offsets of each word in it."""
        held = 0.0
        for first, second, weight in self.weights:
            seconds = offsets[second]
            if seconds and any(offset + step in seconds for offset in offsets[first] for step in self.steps):
                held += weight
        return _share(held, self.total)


class QuestionWords(Generic[Word]):
    """A question's stemmed words in their order, to be compared with those of passages.

    `idf` has every word of the question: ln(1 + (N - n + 0.5) / (n + 0.5)) for a word in n of N passages, also n = 0.
    """

    def __init__(self, question: Sequence[Word], idf: Mapping[Word, float]) -> None:
        # Squared, since it matters more which rare words a passage has than how many words.
        self._squares: dict[Word, float] = {word: idf[word] ** 2 for word in question}
        self._mass: float = sum(self._squares.values())
        steps = range(1, _MAX_DISTANCE_ASKED + 1)
        # The smaller word first: a close pair counts once, in whichever order it stands.
        close = {(min(pair), max(pair)) for step in steps for pair in zip(question, question[step:], strict=False)}
        self._neighbours: _Pairs[Word] = _pairs(set(pairwise(question)), idf, _NEXT)
        self._close: _Pairs[Word] = _pairs(close, idf, _AROUND)

    def overlap(self, passage: Sequence[Word]) -> Overlap:
        """Compare the words of a passage, stemmed in the same way and in their order."""
        offsets: dict[Word, list[int]] = {word: [] for word in self._squares}
        for offset, word in enumerate(passage):
            if word in offsets:
                offsets[word].append(offset)
        held = sum(self._squares[word] for word, at in offsets.items() if at)
        return Overlap(_share(held, self._mass), self._neighbours.share(offsets), self._close.share(offsets))


def _pairs(pairs: set[tuple[Word, Word]], idf: Mapping[Word, float], steps: tuple[int, ...]) -> _Pairs[Word]:
    # A word that is repeated in the question is not a pair with itself.
    weights = [(first, second, idf[first] + idf[second]) for first, second in pairs if first != second]
    return _Pairs(weights, steps, sum(weight for _, _, weight in weights))


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


@dataclass(frozen=True)
class Fused:
    """The candidates that were read, best first: `positions` int64 `[r]` among all candidates, `scores` `[r]`."""

    positions: npt.NDArray[np.int64]
    scores: Scores
    overlaps: list[Overlap]

    def first(self, k: int) -> Fused:
        """Return the `k` best."""
        return Fused(self.positions[:k], self.scores[:k], self.overlaps[:k])


def fuse_best(
    question: Sequence[Word],
    ids: npt.NDArray[np.int64],
    dense: Scores,
    keyword: Scores,
    idf: Mapping[Word, float],
    words: Callable[[Sequence[int]], Iterable[Sequence[Word]]],
    *,
    metric: str,
    read: int,
) -> Fused:
    """Order the `read` most promising of a question's candidates; equal scores by their `ids`.

    `ids`, `dense` (by `metric`) and `keyword` are arrays `[n]` over the candidates; `words` returns the words of
    passages by their ids. Words of the question that are not in `idf` do not count.
    """
    asked = [word for word in question if word in idf]
    similar, mass = as_cosine(metric, dense), sum(idf.values())
    chosen = promising(similar, keyword, mass, read)
    overlaps = list(map(QuestionWords(asked, idf).overlap, words(ids[chosen].tolist())))
    scores = fuse(similar[chosen], keyword[chosen], mass, overlaps)
    order = np.lexsort((ids[chosen], -scores))  # the last key is the first to order by
    return Fused(chosen[order], scores[order], [overlaps[at] for at in order])


def fuse(dense: Scores, keyword: Scores, mass: float, overlaps: Sequence[Overlap]) -> Scores:
    """Return one score for each candidate, higher is better, from arrays `[n]` over the candidates.

    `dense` is the cosine with the question. `keyword` is BM25 (k1 0.9, b 0.75) with the idf of `QuestionWords` and the
    factor k1 + 1, 0 for a candidate without any word of the question. `mass` is the sum of the idf of the question's
    different words, also of those that occur nowhere. Every candidate needs both scores, whichever ranking proposed it.
    """
    parts = np.array([(part.coverage, part.adjacent, part.near) for part in overlaps], np.float64).reshape(-1, 3)
    words = parts @ np.array([_COVERAGE, _ADJACENT, _NEAR])
    # Without the division, the words of a long question would outweigh the vectors (docs/decisions/fusion.md).
    if mass > 0:
        words = words + _KEYWORD * np.asarray(keyword, dtype=np.float64) / np.sqrt(mass)
    fused: Scores = np.asarray(dense, dtype=np.float64) + words
    return fused


def promising(dense: Scores, keyword: Scores, mass: float, n: int) -> npt.NDArray[np.int64]:
    """Return the positions of the `n` candidates worth reading, best first; the arrays are as for `fuse`."""
    words = _UNREAD_KEYWORD * np.asarray(keyword, np.float64) / np.sqrt(mass) if mass > 0 else 0.0
    return np.argsort(-(dense + words), kind="stable")[:n].astype(np.int64)


def as_cosine(metric: str, dense: Scores) -> Scores:
    """Return the scores `[n]` of a question's candidates on the scale of cosines, which `fuse` expects.

    Scores of another metric may have any size: the best becomes 1, and the range that of cosines.
    """
    if metric == "cosine" or not len(dense):
        return dense
    best, spread = dense.max(), float(dense.max() - dense.min())
    return np.asarray(1 + (dense - best) * (_SPREAD / spread if spread > 0 else 0.0))

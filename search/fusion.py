"""One order from two: how near a passage is in meaning, and which of the question's words it holds, and where.

No part's scale depends on the other candidates, so a score means the same for every k, and poor candidates cannot
inflate a part as they do with min-max scaling. What the weights were fitted on, and what else was tried:
docs/decisions/fusion.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Fused", "Overlap", "QuestionWords", "as_cosine", "fuse", "fuse_best", "promising"]

Scores = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# Passages, and the first and the second words of pairs in them, by their numbers.
_HeldPairs = tuple[Integers, Integers, Integers]
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


@dataclass(frozen=True)
class Overlap:
    """What a passage shares with the question, each from 0 (nothing) to 1 (all), rare words counting more.

    `coverage`: words. `adjacent`: neighbours in the question that are neighbours here, in that order.
    `near`: words close together in the question that are close together here, in any order.
    """

    coverage: float
    adjacent: float
    near: float


class _Pairs:
    """Pairs of a question's different words, given by their numbers below `words`, with their weights."""

    def __init__(self, pairs: set[tuple[int, int]], weights: Scores) -> None:
        self._words = len(weights)
        # A word that is repeated in the question is not a pair with itself.
        known = sorted((first, second) for first, second in pairs if first != second)
        self._codes = np.array([first * self._words + second for first, second in known], np.int64)
        self._weights = np.array([weights[first] + weights[second] for first, second in known])

    def shares(self, passages: int, held: Sequence[_HeldPairs]) -> Scores:
        """Return the share `[passages]` of the pairs that each passage holds."""
        found = np.zeros((passages, len(self._codes)), np.bool_)
        for numbers, firsts, seconds in held if len(self._codes) else ():
            codes = firsts * self._words + seconds
            at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
            known = self._codes[at] == codes
            found[numbers[known], at[known]] = True
        return _shares(found, self._weights)


class QuestionWords(Generic[Word]):
    """A question's stemmed words in their order, to be compared with those of passages.

    `idf` has every word of the question: ln(1 + (N - n + 0.5) / (n + 0.5)) for a word in n of N passages, also n = 0.
    """

    def __init__(self, question: Sequence[Word], idf: Mapping[Word, float]) -> None:
        self._numbers: dict[Word, int] = {word: number for number, word in enumerate(dict.fromkeys(question))}
        weights = np.array([idf[word] for word in self._numbers], np.float64)
        # Squared, since it matters more which rare words a passage has than how many words.
        self._squares = weights**2
        asked = [self._numbers[word] for word in question]
        steps = range(1, _MAX_DISTANCE_ASKED + 1)
        self._neighbours = _Pairs(set(pairwise(asked)), weights)
        # The smaller number first: a close pair counts once, in whichever order it stands.
        close = {(min(pair), max(pair)) for step in steps for pair in zip(asked, asked[step:], strict=False)}
        self._close = _Pairs(close, weights)

    def overlaps(self, passages: Iterable[Sequence[Word]]) -> list[Overlap]:
        """Compare the words of passages, stemmed in the same way and in their order."""
        words, numbers, count = self._flattened(passages)
        at = np.flatnonzero(words >= 0)
        held = np.zeros((count, len(self._squares)), np.bool_)
        held[numbers[at], words[at]] = True
        near = [_held_pairs(words, numbers, at, step) for step in range(1, _MAX_DISTANCE_HELD + 1)]
        ordered = [(row, np.minimum(first, second), np.maximum(first, second)) for row, first, second in near]
        coverage = _shares(held, self._squares)
        adjacent, close = self._neighbours.shares(count, near[:1]), self._close.shares(count, ordered)
        return list(map(Overlap, coverage.tolist(), adjacent.tolist(), close.tolist()))

    def _flattened(self, passages: Iterable[Sequence[Word]]) -> tuple[Integers, Integers, int]:
        """Return the numbers of all words, -1 for others, those of their passages, and how many these are.

        After each passage there are so many others that no pair is in two passages.
        """
        number_of, between = self._numbers.get, [-1] * _MAX_DISTANCE_HELD
        rows = [[number_of(word, -1) for word in passage] + between for passage in passages]
        words = np.array(list(chain.from_iterable(rows)), np.int64)
        return words, np.repeat(np.arange(len(rows)), list(map(len, rows))), len(rows)


def _held_pairs(words: Integers, numbers: Integers, at: Integers, step: int) -> _HeldPairs:
    """Return the words at some offsets that have another one `step` after them: passage, first and second."""
    first = at[words[at + step] >= 0]
    return numbers[first], words[first], words[first + step]


def _shares(held: npt.NDArray[np.bool_], weights: Scores) -> Scores:
    """Return for each row of `held` `[n, w]` the weight of what it holds, as a share of all."""
    whole = weights.sum()
    # Not `@`, for which OpenBLAS adds in an order that depends on the row: copies must have equal scores.
    return (held * weights).sum(axis=1) / whole if whole > 0 else np.zeros(len(held))


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
    overlaps = QuestionWords(asked, idf).overlaps(words(ids[chosen].tolist()))
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

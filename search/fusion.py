"""One order from two: how near a passage is in meaning, and which of the question's words it holds, and where.

No part's scale depends on the other candidates, so a score means the same for every k, and poor candidates cannot
inflate a part as they do with min-max scaling. What the weights were fitted on, and what else was tried:
docs/decisions/fusion.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise, repeat, starmap

import numpy as np
import numpy.typing as npt

__all__ = ["PHRASES", "Fused", "Overlap", "QuestionWords", "as_cosine", "fuse", "fuse_best", "promising"]

Scores = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Terms = Sequence[int] | Integers
"""The terms of a passage in their order, those of its title and headings first."""
# Weights beside the cosine's 1.
# Fitted were 0.032, 0.273, 0.115 and 0.104; the last was raised by hand (docs/decisions/fusion.md).
_KEYWORD, _COVERAGE, _ADJACENT, _NEAR = 0.03, 0.27, 0.12, 0.15
# How many times its weight BM25 gains where meaning does not count at all.
_DOUBTED = 12
PHRASES = 0.2
"""What a passage gains that holds all quoted phrases of a question."""
# The weight of BM25 in the choice of the candidates to read, before anything is known of their texts.
_UNREAD_KEYWORD = 0.1
# The usual range of the cosines of a question's candidates.
_SPREAD = 0.4
# How far apart, in words, the two words of a close pair may be in the question and in a passage.
_MAX_DISTANCE_ASKED, _MAX_DISTANCE_HELD = 2, 5
_BETWEEN = np.full(_MAX_DISTANCE_HELD, -1, np.int64)  # no term


@dataclass(frozen=True)
class Overlap:
    """What a passage shares with the question, each from 0 (nothing) to 1 (all), rare words counting more.

    `coverage`: words. `adjacent`: neighbors in the question that are neighbors here, in that order.
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

    def shares(self, passages: int, held: _HeldPairs) -> Scores:
        """Return the share `[passages]` of the pairs that each passage holds."""
        found = np.zeros((passages, len(self._codes)), np.bool_)
        if len(self._codes):
            codes = held.firsts * self._words + held.seconds
            at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
            known = self._codes[at] == codes
            found[held.passages[known], at[known]] = True
        return _shares(found, self._weights)


@dataclass(frozen=True)
class _HeldPairs:
    """Pairs of words in passages, all `[m]`: the passage, and the numbers of the first and the second word."""

    passages: Integers
    firsts: Integers
    seconds: Integers

    def next_to_each_other(self, is_next: npt.NDArray[np.bool_]) -> _HeldPairs:
        """Return those of the pairs that are adjacent."""
        return _HeldPairs(self.passages[is_next], self.firsts[is_next], self.seconds[is_next])

    def ordered(self) -> _HeldPairs:
        """Return the pairs with the smaller number first."""
        return _HeldPairs(self.passages, np.minimum(self.firsts, self.seconds), np.maximum(self.firsts, self.seconds))


class QuestionWords:
    """A question's terms in their order, to be compared with those of passages.

    `idf` has every term of the question: ln(1 + (N - n + 0.5) / (n + 0.5)) for one in n of N passages, also n = 0.
    """

    def __init__(self, question: Sequence[int], idf: Mapping[int, float]) -> None:
        number_of = {term: number for number, term in enumerate(sorted(set(question)))}
        self._terms = np.array(list(number_of), np.int64)
        weights = np.array([idf[term] for term in number_of], np.float64)
        # Squared, since it matters more which rare words a passage has than how many words.
        self._squares = weights**2
        asked = [number_of[term] for term in question]
        steps = range(1, _MAX_DISTANCE_ASKED + 1)
        self._neighbors = _Pairs(set(pairwise(asked)), weights)
        # The smaller number first: a close pair counts once, in either order.
        close = {(min(pair), max(pair)) for step in steps for pair in zip(asked, asked[step:], strict=False)}
        self._close = _Pairs(close, weights)

    def overlaps(self, passages: Iterable[Terms]) -> list[Overlap]:
        """Compare the terms of passages in their order."""
        return _overlaps(self.shares(passages))

    def shares(self, passages: Iterable[Terms]) -> Scores:
        """Return the same as an array `[passages, 3]`: the columns are the fields of `Overlap`."""
        numbers, at, owners, count = self._found(list(passages))
        words = numbers[at]
        held = np.zeros((count, len(self._squares)), np.bool_)
        held[owners, words] = True
        followers = numbers[at[:, None] + np.arange(1, _MAX_DISTANCE_HELD + 1)]
        first, step = np.nonzero(followers >= 0)
        pairs = _HeldPairs(owners[first], words[first], followers[first, step])
        return np.column_stack(
            [
                _shares(held, self._squares),
                self._neighbors.shares(count, pairs.next_to_each_other(step == 0)),
                self._close.shares(count, pairs.ordered()),
            ]
        )

    def _found(self, passages: Sequence[Terms]) -> tuple[Integers, Integers, Integers, int]:
        """Return the numbers of all terms, one passage after another, -1 for those that the question does not have.

        Then the indices of the others `[m]`, the passages that they are in `[m]`, and how many passages there are.
        After each passage there are so many of -1 that no pair is in two passages.
        """
        parts = [*chain.from_iterable(zip(passages, repeat(_BETWEEN), strict=False))]
        terms = np.concatenate(parts) if parts else _BETWEEN[:0]
        numbers = np.full(len(terms), -1)
        if len(self._terms):
            nearest = np.minimum(np.searchsorted(self._terms, terms), len(self._terms) - 1)
            at = np.flatnonzero(self._terms[nearest] == terms)
            numbers[at] = nearest[at]
        else:
            at = np.empty(0, np.int64)
        ends = np.cumsum([len(passage) + _MAX_DISTANCE_HELD for passage in passages])
        return numbers, at, np.searchsorted(ends, at, "right"), len(passages)


def _shares(held: npt.NDArray[np.bool_], weights: Scores) -> Scores:
    """Return for each row of `held` `[n, w]` the weight of what it holds, as a share of all."""
    whole = weights.sum()
    # Not `@`, for which OpenBLAS adds in an order that depends on the row: copies must have equal scores.
    return (held * weights).sum(axis=1) / whole if whole > 0 else np.zeros(len(held))


def _overlaps(shares: Scores) -> list[Overlap]:
    return list(starmap(Overlap, shares.tolist()))


@dataclass(frozen=True)
class Fused:
    """The candidates that were read, best first: `positions` int64 `[r]` among all candidates, `scores` `[r]`.

    `without_phrases` `[r]` are the scores without what quoted phrases add, `shares` `[r, 3]` has the fields of each
    one's `Overlap`.
    """

    positions: npt.NDArray[np.int64]
    scores: Scores
    without_phrases: Scores
    shares: Scores

    @cached_property
    def overlaps(self) -> list[Overlap]:
        """What each candidate shares with the question."""
        return _overlaps(self.shares)

    def first(self, k: int) -> Fused:
        """Return the `k` best."""
        return Fused(self.positions[:k], self.scores[:k], self.without_phrases[:k], self.shares[:k])


def fuse_best(
    question: Sequence[int],
    ids: npt.NDArray[np.int64],
    dense: Scores,
    keyword: Scores,
    idf: Mapping[int, float],
    terms: Callable[[Sequence[int]], Iterable[Terms]],
    *,
    metric: str,
    read: int,
    trust: float = 1.0,
    phrases: Scores | None = None,
) -> Fused:
    """Order the `read` most promising of a question's candidates; equal scores by their `ids`.

    `ids`, `dense` (by `metric`) and `keyword` are arrays `[n]` over the candidates; `terms` returns the terms of
    passages by their ids. Terms of the question that are not in `idf` do not count. `trust` is the weight of the cosine
    (search/trust.py), `phrases` `[n]` the share, 0 to 1, of the question's quoted phrases that each candidate holds.
    """
    asked = [term for term in question if term in idf]
    similar, mass = trust * as_cosine(metric, dense), sum(idf.values())
    bonus = np.zeros(len(ids)) if phrases is None else PHRASES * phrases
    similar = similar + bonus
    chosen = promising(similar, keyword, mass, read)
    shares = QuestionWords(asked, idf).shares(terms(ids[chosen].tolist()))
    scores = np.asarray(similar[chosen], np.float64) + _words(keyword[chosen], mass, shares, trust)
    order = np.lexsort((ids[chosen], -scores))  # the last key is the first to order by
    return Fused(chosen[order], scores[order], (scores - bonus[chosen])[order], shares[order])


def fuse(dense: Scores, keyword: Scores, mass: float, overlaps: Sequence[Overlap], trust: float = 1.0) -> Scores:
    """Return one score for each candidate, higher is better, from arrays `[n]` over the candidates.

    `dense` is the cosine with the question, `trust` its weight. `keyword` is BM25 (k1 0.9, b 0.75) with the idf of
    `QuestionWords` and the factor k1 + 1, each word as often as it is asked; 0 for a candidate without any word of the
    question. `mass` is the sum of the idf of the question's different words, also of those that occur nowhere. Every
    candidate needs both scores, whichever ranking proposed it.
    """
    parts = [(part.coverage, part.adjacent, part.near) for part in overlaps]
    words = _words(keyword, mass, np.array(parts, np.float64).reshape(-1, 3), trust)
    fused: Scores = trust * np.asarray(dense, dtype=np.float64) + words
    return fused


def _words(keyword: Scores, mass: float, shares: Scores, trust: float = 1.0) -> Scores:
    """Return what the words of a question add to the score of each candidate, `[n]`."""
    # Not `@`: see `_shares`.
    words: Scores = (shares * np.array([_COVERAGE, _ADJACENT, _NEAR])).sum(axis=1)
    # Without the division, the words of a long question would outweigh the vectors (docs/decisions/fusion.md).
    if mass > 0:
        # Where meaning says little, the order comes near that of BM25 (docs/decisions/fusion.md).
        weight = _KEYWORD * (1 + _DOUBTED * (1 - trust))
        words = words + weight * np.asarray(keyword, dtype=np.float64) / np.sqrt(mass)
    return words


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

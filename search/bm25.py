"""BM25 over postings, with counts in headings and titles added to those in the passage at a weight (BM25F).

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The inverse document frequency
is Lucene's, which is never negative: ln(1 + (N - n + 0.5) / (n + 0.5)). N, n and the average length count the passages
that exist at the moment, in either part of the index, so that a score does not depend on which part holds a passage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.packed_terms import TermRows
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.postings import TermPostings

__all__ = ["WEIGHTS", "KeywordScores", "Scores", "Weights", "score_passages", "term_score"]

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """`k1` and `b` as in the formula; what an occurrence in the title or in a heading counts for."""

    # On SQuAD k1 from 0.6 to 1.2 is within 0.4 nDCG, and a b of 0.3 costs 1 to 2 (docs/decisions/fusion.md).
    k1: float = 0.9
    b: float = 0.75
    title: float = 0.5
    heading: float = 0.5


WEIGHTS = Weights()

# Passages whose scores are computed at once: the arrays in between stay in the processor's cache.
_BLOCK = 32_768


@dataclass(frozen=True)
class KeywordScores:
    """The scores of all passages for a question, float32 `[n]` for each part of the index; 0 where no term occurs.

    `idf` has the inverse document frequency of each term of the question; the highest possible one where a term occurs
    nowhere.
    """

    parts: tuple[Scores, ...]
    idf: dict[int, float]


def score_passages(index: KeywordIndex, terms: Iterable[int], weights: Weights = WEIGHTS) -> KeywordScores:
    """Score every passage for some terms. Raises Damaged when the index is damaged."""
    scores = tuple(np.zeros(len(part.postings.ids), np.float32) for part in index.parts)
    norms = [_norms(part.postings.lengths, index, weights) for part in index.parts]
    idf: dict[int, float] = {}
    for term in terms:
        found = [part.find(term) for part in index.parts]
        occurrences = sum(one.count(part.live) for part, one in zip(index.parts, found, strict=True))
        idf[term] = _idf(index.count, occurrences)
        for part_scores, norm, postings in zip(scores, norms, found, strict=True):
            if len(postings.body):
                _add(part_scores, norm, postings, idf[term], weights)
    for part, part_scores in zip(index.parts, scores, strict=True):
        # Deleted passages stay in the postings of a generation until the next fold.
        if part.live is not None:
            part_scores[~part.live] = 0
    return KeywordScores(scores, idf)


def _add(scores: Scores, norms: Scores, postings: TermPostings, idf: float, weights: Weights) -> None:
    if postings.positions is None:
        _add_everywhere(scores, norms, postings, idf, weights)
        return
    tf = _frequencies(postings.body, postings.fields, weights)
    if len(tf) * 3 < len(scores):
        scores[postings.positions] += _contribution(idf, tf, norms[postings.positions], weights)
        return
    # For a frequent word it takes a third less time to add to all scores, to most of them something, than to pick those
    # that have it.
    # Where the word does not occur, tf is 0 and so is the contribution.
    everywhere = np.zeros(len(scores), np.float32)
    everywhere[postings.positions] = tf
    scores += _contribution(idf, everywhere, norms, weights)


def _add_everywhere(scores: Scores, norms: Scores, postings: TermPostings, idf: float, weights: Weights) -> None:
    for first in range(0, len(scores), _BLOCK):
        block = slice(first, first + _BLOCK)
        tf = _frequencies(postings.body[block], postings.fields[block], weights)
        scores[block] += _contribution(idf, tf, norms[block], weights)


def term_score(row: TermRows, index: KeywordIndex, idf: dict[int, float], weights: Weights = WEIGHTS) -> float:
    """Return the score of one passage from its stored counts, for the terms in `idf`.

    Equal to the bit to that of `score_passages`, so that passages that it ranks are in the order of their scores.
    """
    at = {term: number for number, term in enumerate(row.entries["term"].tolist()) if term in idf}
    held = [term for term in idf if term in at]
    if not held:
        return 0.0
    entries = row.entries[[at[term] for term in held]]
    tf = _frequencies(entries["body"], entries["fields"], weights)
    parts = _contribution(np.array([idf[term] for term in held]), tf, _norms(row.lengths, index, weights), weights)
    return float(np.cumsum(parts)[-1])  # not `sum`, which adds in another order


def _norms(lengths: npt.NDArray[np.uint32], index: KeywordIndex, weights: Weights) -> Scores:
    # At least 1: all passages may be without terms.
    average = max(index.length / index.count, 1.0) if index.count else 1.0
    # The part of BM25's denominator that all terms share: k1 * (1 - b + b * length / average).
    slope, constant = weights.k1 * weights.b / average, weights.k1 * (1 - weights.b)
    return lengths.astype(np.float32) * np.float32(slope) + np.float32(constant)


def _frequencies(body: npt.NDArray[np.uint8], fields: npt.NDArray[np.uint8], weights: Weights) -> Scores:
    """Return weighted counts; `fields` has that in headings in the high four bits, that in the title in the low."""
    tf = body.astype(np.float32)
    if fields.any():
        tf += (fields >> 4).astype(np.float32) * np.float32(weights.heading)
        tf += (fields & 15).astype(np.float32) * np.float32(weights.title)
    return tf


def _contribution(idf: float | npt.NDArray[np.float64], tf: Scores, norm: Scores, weights: Weights) -> Scores:
    return tf * np.float32(idf * (weights.k1 + 1)) / (tf + norm)


def _idf(count: int, occurrences: int) -> float:
    return math.log(1 + (count - occurrences + 0.5) / (occurrences + 0.5))

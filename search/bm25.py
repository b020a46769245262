"""BM25 over postings, with counts in headings and titles added to those in the passage at a weight (BM25F).

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The inverse document frequency
is Lucene's, which is never negative: ln(1 + (N - n + 0.5) / (n + 0.5)). N, n and the average length count the passages
that exist at the moment, in either part of the index, so that a score does not depend on which part holds a passage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.packed_terms import ENTRY, TermRows
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.postings import Family, Positions, TermPostings, sum_counts

__all__ = [
    "WEIGHTS", "KeywordScores", "Scores", "Weights", "highest_idf", "inverse_frequency", "score_passages", "score_rows",
]  # fmt: skip

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

# The scored passages of a part are listed if its words have at most one posting for so many of its passages: to sort
# a posting takes as long as to look at the scores of that many.
_LISTED_SHARE = 64
# Passages whose scores are computed at once: the arrays in between stay in the processor's cache.
_BLOCK = 32_768


@dataclass(frozen=True)
class KeywordScores:
    """The scores of all passages for a question, float32 `[n]` for each part of the index; 0 where no term occurs.

    `scored` has for each part the positions of the passages in which a term occurs, ascending, None where these are too
    many to be listed. `idf` has the inverse document frequency of each term of the question, which is that of all its
    inflections; the highest possible one where it occurs nowhere. `asked` says how often the question has each,
    `families` which terms count as the same word.
    """

    parts: tuple[Scores, ...]
    scored: tuple[Positions | None, ...]
    idf: dict[int, float]
    asked: Mapping[int, int]
    families: tuple[Family, ...]


@dataclass(frozen=True)
class _ScoredWord:
    """What a word adds to scores: for each part of the index positions of passages, None for all, and float32 for each.

    Questions have many words in common, and the most frequent.
    """

    idf: float
    parts: tuple[tuple[Positions | None, Scores], ...]

    @property
    def size(self) -> int:
        """The number of passages to whose scores it adds."""
        return sum(len(added) for _, added in self.parts)


def score_passages(
    index: KeywordIndex, asked: Mapping[int, int], weights: Weights = WEIGHTS, families: Sequence[Family] = ()
) -> KeywordScores:
    """Score every passage for some terms, each as often as it is asked. Raises Damaged when the index is damaged.

    `families` are those of the terms; without them each term stands for itself.
    """
    families = tuple(families) or tuple((term,) for term in asked)
    scores = tuple(np.zeros(len(part.postings.ids), np.float32) for part in index.parts)
    found: tuple[list[Positions | None], ...] = tuple([] for _ in index.parts)
    idf: dict[int, float] = {}
    for family in families:
        scored = index.scored.get((family, weights))
        if scored is None:
            scored = _score_word(index, family, weights)
            index.scored.keep((family, weights), scored, scored.size)
        idf[family[0]], times = scored.idf, asked[family[0]]
        for part_scores, part_found, (positions, once) in zip(scores, found, scored.parts, strict=True):
            part_found.append(positions)
            added = once if times == 1 else once * np.float32(times)
            if positions is None:
                part_scores += added
            elif len(positions):
                part_scores[positions] += added
    for part, part_scores in zip(index.parts, scores, strict=True):
        # Deleted passages stay in the postings of a generation until the next fold.
        if part.live is not None:
            part_scores[~part.live] = 0
    listed = tuple(map(_listed, found, map(len, scores)))
    return KeywordScores(scores, listed, idf, asked, families)


def _listed(found: Sequence[Positions | None], count: int) -> Positions | None:
    """Return which of `count` positions are scored, ascending, from those of each word; None where it takes long."""
    known = [positions for positions in found if positions is not None]
    if len(known) < len(found) or _LISTED_SHARE * sum(map(len, known)) > count:
        return None
    return np.unique(np.concatenate(known)) if known else np.empty(0, np.uint32)


def _score_word(index: KeywordIndex, family: Family, weights: Weights) -> _ScoredWord:
    found = [part.find_any(family) for part in index.parts]
    occurrences = sum(one.count(part.live) for part, one in zip(index.parts, found, strict=True))
    idf = inverse_frequency(index.count, occurrences)
    parts = zip(index.parts, found, strict=True)
    return _ScoredWord(idf, tuple(_added(part.postings.lengths, one, index, idf, weights) for part, one in parts))


def _added(
    lengths: npt.NDArray[np.uint32], postings: TermPostings, index: KeywordIndex, idf: float, weights: Weights
) -> tuple[Positions | None, Scores]:
    """Return which passages of a part have a term, None for all of them, and what it adds to the score of each."""
    positions = postings.positions
    if positions is None:
        return None, _added_everywhere(lengths, postings, index, idf, weights)
    tf = _frequencies(postings.body, postings.fields, weights)
    added = _contribution(idf, tf, _norms(lengths[positions], index, weights), weights)
    if len(added) * 3 < len(lengths):
        return positions, added
    # For a frequent word it takes a third less time to add to all scores, to most of them something, than to pick those
    # that have it.
    everywhere = np.zeros(len(lengths), np.float32)
    everywhere[positions] = added
    return None, everywhere


def _added_everywhere(
    lengths: npt.NDArray[np.uint32], postings: TermPostings, index: KeywordIndex, idf: float, weights: Weights
) -> Scores:
    added = np.empty(len(lengths), np.float32)
    for first in range(0, len(lengths), _BLOCK):
        block = slice(first, first + _BLOCK)
        # Where the word does not occur, tf is 0 and so is the contribution.
        tf = _frequencies(postings.body[block], postings.fields[block], weights)
        added[block] = _contribution(idf, tf, _norms(lengths[block], index, weights), weights)
    return added


def score_rows(
    rows: Sequence[TermRows], index: KeywordIndex, scored: KeywordScores, weights: Weights = WEIGHTS
) -> tuple[list[float], npt.NDArray[np.bool_]]:
    """Return the scores of passages `[n]` from their stored counts, each a row by itself, for the terms of `scored`.

    Also which of the words each one holds, `[n, words]`. Scores are equal to the bit to those of `score_passages`, so
    that passages that it ranks are in the order of their scores.
    """
    idf = scored.idf
    terms = np.fromiter(chain.from_iterable(scored.families), np.uint64)
    times = np.fromiter((scored.asked[term] for term in idf), np.float32, len(idf))
    counts = np.zeros((len(rows), len(terms)), ENTRY)
    for own, row in zip(counts, rows, strict=True):
        at = np.searchsorted(row.entries["term"], terms)
        own[at < len(row.entries)] = row.entries[at[at < len(row.entries)]]
    held: npt.NDArray[np.bool_] = counts["term"] == terms
    counts[~held] = 0
    body, fields = counts["body"], counts["fields"]
    if len(terms) > len(idf):
        starts = np.cumsum([0, *map(len, scored.families[:-1])])
        held = np.logical_or.reduceat(held, starts, axis=1)
        body, fields = sum_counts(body, fields, starts, axis=1)
    tf = _frequencies(body, fields, weights)
    lengths = np.array([row.lengths[0] for row in rows], np.uint32)
    weighted = np.fromiter(idf.values(), np.float64, len(idf))
    parts = _contribution(weighted, tf, _norms(lengths, index, weights)[:, None], weights) * times
    # Not `sum`, which adds in another order.
    scores = np.cumsum(parts, axis=1)[:, -1].tolist() if idf else [0.0] * len(rows)
    return scores, held


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


def highest_idf(index: KeywordIndex) -> float:
    """Return the inverse document frequency of a term that one passage has."""
    return inverse_frequency(index.count, 1)


def inverse_frequency(count: int, occurrences: int) -> float:
    """Return the inverse document frequency of a term that so many of `count` passages have."""
    return math.log(1 + (count - occurrences + 0.5) / (occurrences + 0.5))

"""BM25 over postings, with counts in headings and titles added to those in the passage at a weight (BM25F).

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The inverse document frequency
is that of Lucene, which is never negative: ln(1 + (N - n + 0.5) / (n + 0.5)). N, n and the average length are of the
passages that are there at the moment, in whatever part of the index, so that a score does not depend on that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wherein.search.query_syntax import Question, parse_question
from wherein.storage.catalog.term_counts import TermRows, count_terms, join_counts
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import TermPostings, collect

__all__ = ["WEIGHTS", "Keywords", "Scores", "Weights", "index_texts", "score_texts", "scored", "term_score"]

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """`k1` and `b` as in the formula; what an occurrence in the title or in a heading counts for."""

    k1: float = 0.9
    b: float = 0.75
    title: float = 0.5
    heading: float = 0.5


WEIGHTS = Weights()


@dataclass(frozen=True)
class Keywords:
    """The scores of all passages for a question, float32 `[n]` for each part of the index; 0 where no term occurs.

    `idf` of each term of the question, by term; of one that occurs nowhere it is the highest that there can be.
    """

    parts: tuple[Scores, Scores]
    idf: dict[int, float]


def scored(index: KeywordIndex, terms: Iterable[int], weights: Weights = WEIGHTS) -> Keywords:
    """Score every passage for some terms. Raises Damaged when the index is."""
    scores = tuple(np.zeros(len(part.postings.ids), np.float32) for part in index.parts)
    norms = [_norms(part.postings.lengths, index, weights) for part in index.parts]
    idf: dict[int, float] = {}
    for term in terms:
        found = [part.find(term) for part in index.parts]
        idf[term] = _idf(index.count, sum(map(_count, index.parts, found)))
        for part_scores, norm, postings in zip(scores, norms, found, strict=True):
            if len(postings.positions):
                _add(part_scores, norm, postings, idf[term], weights)
    for part, part_scores in zip(index.parts, scores, strict=True):
        if part.live is not None:
            part_scores[~part.live] = 0
    return Keywords((scores[0], scores[1]), idf)


def _add(scores: Scores, norms: Scores, found: TermPostings, idf: float, weights: Weights) -> None:
    tf = _frequencies(found.body, found.fields, weights)
    if len(tf) * 3 < len(scores):
        scores[found.positions] += _contribution(idf, tf, norms[found.positions], weights)
        return
    # Of a frequent word all passages are scored, most of them with something: that takes two thirds of the time.
    everywhere = np.zeros(len(scores), np.float32)
    everywhere[found.positions] = tf
    scores += _contribution(idf, everywhere, norms, weights)


def term_score(row: TermRows, index: KeywordIndex, idf: dict[int, float], weights: Weights = WEIGHTS) -> float:
    """Return the score of one passage by its stored counts, for the terms in `idf`."""
    total = np.float32(0)
    norm = _norms(row.lengths, index, weights)
    places = {term: at for at, term in enumerate(row.entries["term"].tolist()) if term in idf}
    for term, weight in idf.items():
        if term in places:
            entry = row.entries[places[term] : places[term] + 1]
            total += _contribution(weight, _frequencies(entry["body"], entry["fields"], weights), norm, weights)[0]
    return float(total)


def _norms(lengths: npt.NDArray[np.uint32], index: KeywordIndex, weights: Weights) -> Scores:
    average = max(index.length / index.count, 1.0) if index.count else 1.0
    slope, constant = weights.k1 * weights.b / average, weights.k1 * (1 - weights.b)
    return lengths.astype(np.float32) * np.float32(slope) + np.float32(constant)


def _frequencies(body: npt.NDArray[np.uint8], fields: npt.NDArray[np.uint8], weights: Weights) -> Scores:
    tf = body.astype(np.float32)
    if fields.any():
        tf += (fields >> 4).astype(np.float32) * np.float32(weights.heading)
        tf += (fields & 15).astype(np.float32) * np.float32(weights.title)
    return tf


def _contribution(idf: float, tf: Scores, norm: Scores, weights: Weights) -> Scores:
    return tf * np.float32(idf * (weights.k1 + 1)) / (tf + norm)


def _idf(count: int, occurs: int) -> float:
    return math.log(1 + (count - occurs + 0.5) / (occurs + 0.5))


def _count(part: Part, found: TermPostings) -> int:
    """Return in how many of the passages that are there a term occurs."""
    return len(found.positions) if part.live is None else int(np.count_nonzero(part.live[found.positions]))


# Plain texts, for measurements.


def index_texts(texts: Sequence[str], titles: Sequence[str] = ()) -> KeywordIndex:
    """Return an index of texts in memory, each a passage; its place in `texts` is its id."""
    counts = [count_terms(text, (), titles[place] if titles else "") for place, text in enumerate(texts)]
    postings = collect([join_counts(range(len(counts)), counts)] if counts else [])
    parts = Part(postings), Part(collect(()))
    return KeywordIndex(0, None, parts, len(counts), int(postings.lengths.sum(dtype=np.int64)))


def score_texts(index: KeywordIndex, question: str, weights: Weights = WEIGHTS) -> tuple[Scores, Question, Keywords]:
    """Return the scores of `index_texts`' texts for a question `[n]`, as a library gives them, and what was asked.

    Quotes and signs are taken as words, since questions of collections are not written for operators.
    """
    asked = parse_question(question, operators=False)
    found = scored(index, asked.terms, weights)
    return found.parts[0], asked, found

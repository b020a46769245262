"""Hybrid ranking: the best passages by meaning and by words are candidates, and one score orders them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wherein.embed.metric import scores_and_distances
from wherein.errors import Damaged
from wherein.search.bm25 import score_rows
from wherein.search.calibration import chances_of, weights_of
from wherein.search.copies import MAX_BY_MEANING, MAX_OF_VECTOR, NearCopies
from wherein.search.embedded import EmbeddedQuestion
from wherein.search.found import Choose, Found
from wherein.search.fusion import Overlap, fuse_best
from wherein.search.hits import Hit
from wherein.search.inflections import as_asked
from wherein.search.keyword import (
    Matches,
    best_passages,
    filter_matches,
    match,
    phrase_scores,
    phrase_shares,
    scores_of,
)
from wherein.search.operator_notes import operator_notes
from wherein.search.passage_lookup import PassageLookup, required
from wherein.search.phrase_check import PhraseCheck
from wherein.search.provenance import Provenance, provenance_of
from wherein.search.query_syntax import ParsedQuestion
from wherein.search.semantic import Nearness, exact_nearness
from wherein.search.trust import BY_WORDS, background_cosines, spread_factor, trust_for
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.open_indexes import OpenIndexes, SharedIndexes
from wherein.storage.index.vector_index import VectorIndex

__all__ = ["CANDIDATES", "MAX_BY_WORDS", "READ", "Ranker", "spare_vectors", "to_read"]

MAX_BY_WORDS = 50_000
"""Passages that are ranked by words for one question, to find enough that have different texts."""

# Candidates taken from each ranking; at least READ of them are re-scored from their text (see `to_read`).
# With 100 and 50, nDCG@10 was the same and a question took 3 ms longer (docs/decisions/fusion.md).
CANDIDATES = 50
READ = 20
# How far the BM25 scores from the index and from the stored counts may differ: they add in different orders.
_TOLERANCE = 1e-4
_NO_MODEL = 0  # SQLite's ids begin with 1
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Query:
    """An embedded question, and the near-copies to leave out."""

    embedded: EmbeddedQuestion
    copies: NearCopies | None

    @property
    def vector(self) -> Matrix:
        """The vector of the question `[width]`."""
        return self.embedded.vector

    @property
    def metric(self) -> str:
        """The metric of the model that made it."""
        return self.embedded.metric


@dataclass(frozen=True, kw_only=True)
class _Ranked:
    """A passage of an answer. A rank, from 1, is None where the passage is not among that ranking's candidates.

    `dense_score` is NaN for a passage without a vector.
    """

    chunk: int
    score: float
    keyword_score: float
    keyword_rank: int | None
    dense_score: float | None = None
    dense_rank: int | None = None
    overlap: Overlap | None = None
    chance: float | None = None
    trust: float | None = None


class Ranker:
    """Ranks the passages of one library in the modes `hybrid` and `keyword`; without a `model` only in the latter.

    For one thread at a time. Holds the indexes of the last committed state, in `indexes` if these are given, and no
    transaction between questions. `provenance` is that of the last answer, `unmatched` its filter's patterns that match
    no document; `copies_cut` says whether MAX_BY_WORDS passages had too few different texts for it.
    """

    def __init__(
        self, db: Catalog, folder: Path, model: StoredModel | None, indexes: OpenIndexes | None = None
    ) -> None:
        self._db = db
        self._model = model
        self._weights = weights_of(model.name if model else "")
        self._indexes = indexes or OpenIndexes(db, SharedIndexes(folder, model))
        self._passages = PassageLookup(db, model)
        self._selector = Selector(model.id if model else _NO_MODEL)
        self._check: PhraseCheck | None = None
        self._matches: Matches | None = None
        self.copies_cut = False
        self.provenance: Provenance | None = None
        self.unmatched: tuple[str, ...] = ()

    @property
    def phrases_cut(self) -> bool:
        """Whether the last question's phrases were not looked for in every passage, because too many have its words."""
        return self._check is not None and self._check.is_cut

    def operator_notes(self, *, mode: str, is_empty: bool) -> tuple[str, ...]:
        """Return what to say of the last question's operators; call in the snapshot that it was answered in."""
        if self._matches is None:
            return ()
        check = self._phrase_check(self._matches.question)
        return operator_notes(check, self._matches, mode=mode, is_empty=is_empty)

    def refresh(self) -> None:
        """Load the indexes of the last committed state, so that the next question need not."""
        with self._indexes.reading_both():
            pass

    def by_keywords(
        self,
        question: ParsedQuestion,
        k: int,
        only: Filter | None = None,
        copies: NearCopies | None = None,
        choose: Choose | None = None,
    ) -> list[Hit]:
        """Return the `k` passages with the highest BM25 score, of the documents in `only`.

        Of near-copies only the first few, all if `copies` is None; then only those that `choose` picks. Fewer when
        fewer have a word of the question; a score is the same with a filter as without. Raises Damaged rather than
        return a text or a score that is not the stored one's, UsageError when `only` names a field that no document
        has.
        """
        with self._indexes.reading_keywords() as index:
            self._passages.begin(self._indexes.version)
            self.provenance = provenance_of(None, None, index)
            selection = self._select(only)
            matches = self._match(index, question, selection)
            chunks, _ = self._best_by_words(matches, k, copies)
            scores = scores_of(matches, chunks)
            totals = scores + phrase_scores(self._phrase_check(question), matches, chunks)
            ranked = [
                _Ranked(chunk=chunk, score=total, keyword_score=score, keyword_rank=rank)
                for rank, (chunk, score, total) in enumerate(
                    zip(chunks, scores.tolist(), totals.tolist(), strict=True), 1
                )
            ]
            return self._hits(self._chosen(ranked, choose), matches, selection)

    def search(
        self,
        question: ParsedQuestion,
        embedded: EmbeddedQuestion,
        k: int,
        only: Filter | None = None,
        copies: NearCopies | None = None,
        choose: Choose | None = None,
    ) -> list[Hit]:
        """Return the `k` best passages by the fused score, of the documents in `only`.

        Each of the two rankings proposes only the first few of near-copies, all of them if `copies` is None; then only
        those that `choose` picks are returned. Fewer only when there are fewer, or when the question's operators allow
        fewer. Raises Damaged rather than return a text or a score that is not the stored one's, UsageError when `only`
        names a field that no document has.
        """
        with self._indexes.reading_both() as (vectors, keywords):
            self._passages.begin(self._indexes.version)
            self.provenance = provenance_of(self._model, vectors, keywords)
            selection = self._select(only)
            matches = self._match(keywords, question, selection)
            query = _Query(embedded, copies)
            ranked = self._rank(query, vectors, matches, k, selection)
            return self._hits(self._chosen(ranked, choose), matches, selection, query)

    def _chosen(self, ranked: list[_Ranked], choose: Choose | None) -> list[_Ranked]:
        if choose is None:
            return ranked
        stored = self._passages.stored([one.chunk for one in ranked])
        found = [Found(required(stored, one.chunk), one.score, one.chance) for one in ranked]
        return [ranked[at] for at in choose(found)]

    def _match(self, index: KeywordIndex, question: ParsedQuestion, selection: Selection | None) -> Matches:
        matches = match(index, question, selection)
        self._matches = None if question.is_plain else matches  # scores of all passages: kept only for their notes
        return matches

    def _phrase_check(self, question: ParsedQuestion) -> PhraseCheck:
        """Return the check of a question: the same one while more and more passages are wanted for it."""
        if self._check is None or self._check.question is not question:
            self._check = PhraseCheck(self._db, question)
        return self._check

    def _select(self, only: Filter | None) -> Selection | None:
        selection = self._selector.select(self._db, self._indexes.version, only) if only else None
        self.unmatched = selection.unmatched if selection else ()
        return selection

    def _rank(
        self, query: _Query, index: VectorIndex, matches: Matches, k: int, selection: Selection | None
    ) -> list[_Ranked]:
        """Return the `k` best of the candidates by the fused score, best first."""
        n = max(k, CANDIDATES)
        by_words, looked_at = self._best_by_words(matches, n, query.copies)
        near = self._nearest(query, index, matches, n, selection, has_copies=looked_at > n)
        chunks = list(dict.fromkeys((*near, *by_words)))
        if not chunks:
            return []
        dense, keyword = self._dense_scores(query, chunks, near), scores_of(matches, chunks)
        background = background_cosines(query.embedded, index)
        best_by_words = dense[[chunks.index(chunk) for chunk in by_words[:BY_WORDS]]]
        trust = trust_for(query.embedded, best_by_words, background)
        factor = spread_factor(background)
        phrases = phrase_shares(self._phrase_check(matches.question), matches, chunks) if matches.wanted else None
        fused = fuse_best(
            matches.question.order, np.array(chunks), factor * _filled(dense), keyword, matches.scores.idf,
            lambda ids: as_asked(self._passages.terms(ids), matches.question.forms),
            metric=query.metric, read=to_read(k), trust=trust, phrases=phrases,
        )  # fmt: skip
        best = fused.first(k)
        passages, text = matches.index.count, matches.question.meaning
        chances = chances_of(self._weights, fused, dense[fused.positions], background, passages, text)
        dense_ranks, keyword_ranks = _ranks(near), _ranks(by_words)
        return [
            _Ranked(
                chunk=chunks[at],
                score=score,
                dense_score=float(dense[at]),
                dense_rank=dense_ranks.get(chunks[at]),
                keyword_score=float(keyword[at]),
                keyword_rank=keyword_ranks.get(chunks[at]),
                overlap=overlap,
                chance=chance,
                trust=trust,
            )
            for at, score, overlap, chance in zip(
                best.positions.tolist(), best.scores.tolist(), best.overlaps, chances[:k], strict=True
            )
        ]

    def _best_by_words(self, matches: Matches, n: int, copies: NearCopies | None) -> tuple[list[int], int]:
        """Return the `n` best passages by their words, of near-copies the first few, and how many were looked at."""
        check, wanted, most = self._phrase_check(matches.question), n, max(n, MAX_BY_WORDS)
        self.copies_cut = False
        while True:
            chunks = best_passages(check, matches, wanted)
            if copies is None:
                return chunks.tolist(), wanted
            first = copies.first(chunks, n)
            if len(first) >= n or len(chunks) < wanted or wanted == most:
                self.copies_cut = len(first) < n and len(chunks) == most
                return first, wanted
            # Where few differ, far more are likely to be copies.
            wanted = min(16 * n, most) if wanted == n and 4 * len(first) > n else most

    def _nearest(
        self,
        query: _Query,
        index: VectorIndex,
        matches: Matches,
        n: int,
        selection: Selection | None,
        *,
        has_copies: bool,
    ) -> dict[int, float]:
        """Return the ids and scores of the `n` allowed passages nearest in meaning, best first.

        With `has_copies` many of the best by words were near-copies: so are likely those by meaning.
        """
        check = self._phrase_check(matches.question)
        count = index.count if selection is None else len(selection.vectors)
        wanted = max(n, MAX_BY_MEANING) if has_copies else n + spare_vectors(n, matches.index)
        while True:
            vector_ids, scores = index.nearest(query.vector, wanted, selection)
            # All copies of a text are needed only where some may not be allowed.
            is_any = query.copies is not None and matches.allowed is None
            chunks = self._passages.of_vectors(vector_ids.tolist(), MAX_OF_VECTOR if is_any else None)
            near = dict(zip(vector_ids.tolist(), scores.tolist(), strict=True))
            vector_of = {chunk: vector_id for vector_id in near for chunk in chunks.get(vector_id, ())}
            passing = filter_matches(check, matches, list(vector_of))
            allowed = passing if query.copies is None else query.copies.first(passing, n)
            # Passages with a phrase are candidates by their words as well; an exclusion may leave too few.
            stops = check.is_needed and check.is_cut
            if len(allowed) >= n or wanted >= count or matches.question.phrases or stops:
                return {chunk: near[vector_of[chunk]] for chunk in allowed[:n]}
            if query.copies is not None and len(passing) >= n:
                if wanted >= MAX_BY_MEANING:
                    query.copies.cut = True
                    return {chunk: near[vector_of[chunk]] for chunk in allowed[:n]}
                wanted = MAX_BY_MEANING
                continue
            # In proportion to what was left out, since each vector is read; at most four times as many.
            wanted = min(4 * wanted, wanted * n // max(len(allowed), 1) + 16)

    def _dense_scores(self, query: _Query, chunks: Sequence[int], near: Mapping[int, float]) -> Floats:
        """Return the scores of passages `[len(chunks)]`: those in `near`, the others from the stored vectors.

        NaN for a passage without a vector, which a repair may leave.
        """
        others, vectors = self._passages.vectors([chunk for chunk in chunks if chunk not in near])
        found, _ = scores_and_distances(query.metric, query.vector, vectors)
        scores = {**near, **dict(zip(others, found.tolist(), strict=True))}
        return np.array([scores.get(chunk, np.nan) for chunk in chunks])

    def _hits(
        self,
        ranked: Sequence[_Ranked],
        matches: Matches,
        selection: Selection | None,
        query: _Query | None = None,
    ) -> list[Hit]:
        """Return the ranked passages as hits, each checked against the stored rows."""
        rows = self._passages.counted([one.chunk for one in ranked])
        scores, held = score_rows(rows, matches.index, matches.scores)
        exact = self._exact_nearness(query, ranked) if query else {}
        hits, asked = list[Hit](), list(matches.question.terms.values())
        check = self._phrase_check(matches.question)
        for rank, (one, score, own) in enumerate(zip(ranked, scores, held, strict=True), 1):
            _check_score(one, score)
            dense_score, distance = exact.get(one.chunk, (None, None))
            hit = self._passages.hit(
                one.chunk,
                selection,
                rank=rank,
                score=one.score,
                distance=distance,
                dense_score=dense_score,
                dense_rank=one.dense_rank,
                keyword_score=score,
                keyword_rank=one.keyword_rank,
                matched=tuple(dict.fromkeys(compress(asked, own.tolist()))),
                phrases=tuple(phrase.asked for phrase in check.held(one.chunk)),
                overlap=one.overlap,
                chance=one.chance,
                trust=one.trust,
            )
            hits.append(hit)
        return hits

    def _exact_nearness(self, query: _Query, ranked: Sequence[_Ranked]) -> dict[int, Nearness]:
        """Return score and distance from the stored vectors, of those passages that have a dense score.

        Raises Damaged when the index holds another vector than is stored, or one that is not stored.
        """
        scores = {
            one.chunk: one.dense_score
            for one in ranked
            if one.dense_score is not None and not np.isnan(one.dense_score)
        }
        chunks, stored = self._passages.vectors(list(scores))
        found = exact_nearness(query.metric, query.vector, stored, [scores[chunk] for chunk in chunks])
        exact = {chunk: one for chunk, one in zip(chunks, found, strict=True) if one is not None}
        if wrong := [chunk for chunk in chunks if chunk not in exact]:
            raise Damaged(f"The vector of passage {wrong[0]} in the index is not the one stored; run: wherein repair")
        if lost := scores.keys() - exact.keys():
            raise Damaged(f"Passage {min(lost)} has a score but no stored vector; run: wherein verify")
        return exact


def spare_vectors(n: int, index: KeywordIndex) -> int:
    """Return how many more than `n` vectors to look for, so that `n` of them are not of removed passages.

    Three standard deviations above the mean (Poisson). Without them, once 1,000 of 100,000 passages are removed, four
    questions of ten would search twice.
    """
    held = sum(len(part.postings.ids) for part in index.parts)
    expected = n * (held - index.count) / held if held else 0.0
    return math.ceil(expected + 3 * math.sqrt(expected))


def to_read(k: int) -> int:
    """Return how many candidates must be read for the best `k` to be known."""
    # Half as many again as are shown, since reading changes the order (docs/decisions/fusion.md).
    return max(READ, k + k // 2)


def _check_score(ranked: _Ranked, score: float) -> None:
    """Raise Damaged when the index gave another BM25 score than the stored counts."""
    # `not <=` instead of `>`: NaN is damage, too.
    if not abs(score - ranked.keyword_score) <= _TOLERANCE * max(1.0, score):
        raise Damaged(
            f"The word counts of passage {ranked.chunk} in the index are not those stored; run: wherein repair"
        )


def _ranks(chunks: Iterable[int]) -> dict[int, int]:
    return {chunk: rank for rank, chunk in enumerate(chunks, 1)}


def _filled(dense: Floats) -> Floats:
    """Return the scores with the lowest of them in place of NaN."""
    # A passage whose vector is lost is ranked by its words, as if it were the farthest; NaN would have no order.
    known = dense[~np.isnan(dense)]
    return np.where(np.isnan(dense), known.min() if len(known) else 0.0, dense)

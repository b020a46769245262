"""Meaning and words together: the best passages of each ranking are candidates, and one score orders them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.embed.metric import score_and_distance
from wherein.errors import Damaged
from wherein.search.bm25 import term_score
from wherein.search.calibration import calibrated
from wherein.search.fusion import Overlap, fuse_best
from wherein.search.keyword import Matches, best_passages, filter_matches, match, scores_of
from wherein.search.provenance import Provenance, basis_of
from wherein.search.query_syntax import Question
from wherein.search.semantic import PASSAGE, Hit, exact_nearness, hit_of
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import checked_terms
from wherein.storage.catalog.terms import terms_of
from wherein.storage.catalog.vectors import Matrix, checked_vector
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords
from wherein.storage.index.vector_index import VectorIndex, load_index, reading_loaded

__all__ = ["CANDIDATES", "MODES", "READ", "Ranker", "to_read"]

MODES = ("hybrid", "semantic", "keyword")

# So many of the best of each ranking are candidates, and so many of these are read at least (see `to_read`).
CANDIDATES = 50
READ = 20
# By how much a BM25 score by the index may differ from that by the stored counts: they add in another order.
_TOLERANCE = 1e-4
_AT_ONCE = 500
_NO_MODEL = 0
# So many of the library's vectors stand for those that have nothing to do with a question. Among fewer than the fewest
# the passages that answer would weigh too much.
_SAMPLE, _FEWEST = 500, 100
_CHUNKS = """
SELECT v.id, c.id FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash WHERE v.id IN ({}) ORDER BY c.id
"""
# CROSS JOIN: else SQLite may begin with all vectors of the model (https://sqlite.org/optoverview.html#crossjoin).
_VECTORS = (
    "SELECT c.id, v.id, v.input_hash, v.vector, v.checksum FROM chunks c"
    " CROSS JOIN vectors v ON v.model_id = ? AND v.input_hash = c.input_hash WHERE c.id IN ({})"
)
_PASSAGE = f"""
SELECT c.input_hash, t.counts, t.checksum, {PASSAGE}
FROM chunks c JOIN documents d ON d.id = c.document_id LEFT JOIN terms t ON t.id = c.id
WHERE c.id IN ({{}})
"""

_TEXTS = (
    'SELECT c.id, d.title, c.heading, substr(d.text, c.start + 1, c."end" - c.start) FROM chunks c'
    " JOIN documents d ON d.id = c.document_id WHERE c.id IN ({})"
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Ranked:
    """A passage that is shown: its place in both rankings, from 1, None where it is not among the best of one."""

    score: float
    dense: float | None
    dense_rank: int | None
    keyword: float
    keyword_rank: int | None
    overlap: Overlap | None = None
    chance: float | None = None


@dataclass(frozen=True)
class _Asked:
    """A question's vector `[width]` and the metric of the model that it is of."""

    vector: Matrix
    metric: str


class Ranker:
    """A reader of one library for the modes `hybrid` and `keyword`; without a `model` only for the latter.

    Holds the indexes of the last committed state and no transaction between questions. `basis` tells what the last
    question was answered from.
    """

    def __init__(self, db: Catalog, folder: Path, model: StoredModel | None) -> None:
        self._db = db
        self._folder = folder
        self._model = model
        self._vectors: VectorIndex | None = None
        self._keywords: KeywordIndex | None = None
        self._selector = Selector(model.id if model else _NO_MODEL)
        self._sample: tuple[VectorIndex, Matrix] | None = None
        self.basis: Provenance | None = None

    def refresh(self) -> None:
        """Open what was committed last, so that the next question finds it open."""
        with reading_loaded(self._db, self._load):
            pass

    def by_keywords(self, asked: Question, k: int, only: Filter | None = None) -> list[Hit]:
        """Return the `k` passages with the highest BM25 score, fewer when fewer have a word of the question.

        With `only` those of documents that pass it; the score is the same as without. Raises Damaged rather than show a
        text or a score that is not the stored one's, UsageError when `only` asks for a field that no document has.
        """
        with reading_loaded(self._db, self._load_keywords) as index:
            self.basis = basis_of(None, None, index)
            among = self._selector.select(self._db, index.version, only) if only else None
            matches = match(index, asked, among)
            ids = best_passages(self._db, matches, k)
            scores = scores_of(matches, ids).tolist()
            ranked = [_Ranked(score, None, None, score, rank) for rank, score in enumerate(scores, 1)]
            return self._hits(ids, ranked, matches, among)

    def search(self, asked: Question, vector: Matrix, metric: str, k: int, only: Filter | None = None) -> list[Hit]:
        """Return the `k` best passages by the fused score, `vector` `[width]` being that of the question.

        With `only` those of documents that pass it. Fewer only when fewer are there, or are allowed by the question's
        operators. Raises Damaged rather than show a text or a score that is not the stored one's, UsageError when
        `only` asks for a field that no document has.
        """
        with reading_loaded(self._db, self._load) as (vectors, keywords):
            self.basis = basis_of(self._model, vectors, keywords)
            among = self._selector.select(self._db, keywords.version, only) if only else None
            matches = match(keywords, asked, among)
            n = max(k, CANDIDATES)
            near = self._nearest(vectors, vector, matches, n, among)
            fit = best_passages(self._db, matches, n)
            ids = list(dict.fromkeys((*near, *fit)))
            if not ids:
                return []
            question = _Asked(vector, metric)
            dense, keyword = self._dense(question, ids, near), scores_of(matches, ids)
            fused = fuse_best(
                asked.order, np.array(ids), _filled(dense), keyword, matches.found.idf,
                self._words, metric=metric, read=to_read(k),
            )  # fmt: skip
            best = fused.places[:k]
            chances = self._chances(question, vectors, dense[best], fused.scores[:k], keywords.count)
            dense_ranks, keyword_ranks = _ranks(list(near)), _ranks(fit)
            shown, ranked = [ids[at] for at in best.tolist()], []
            parts = zip(shown, best.tolist(), fused.scores.tolist(), fused.overlaps, chances, strict=False)
            for number, at, score, shared, chance in parts:
                ranked.append(
                    _Ranked(
                        score, float(dense[at]), dense_ranks.get(number), float(keyword[at]),
                        keyword_ranks.get(number), shared, chance,
                    )
                )  # fmt: skip
            return self._hits(shown, ranked, matches, among, question)

    def _load(self) -> tuple[VectorIndex, KeywordIndex]:
        assert self._model is not None
        self._vectors = load_index(self._db, self._folder, self._model, self._vectors)
        return self._vectors, self._load_keywords()

    def _load_keywords(self) -> KeywordIndex:
        self._keywords = load_keywords(self._db, self._folder, self._keywords)
        return self._keywords

    def _nearest(
        self, index: VectorIndex, vector: Matrix, matches: Matches, n: int, among: Selection | None
    ) -> dict[int, float]:
        """Return the ids and similarities of the `n` passages nearest in meaning that may be shown, best first."""
        wanted, count = n, index.count if among is None else len(among.vectors)
        while True:
            found, scores = index.nearest(vector, wanted, among)
            chunks = self._chunks(found.tolist())
            near = {
                chunk: score
                for vector_id, score in zip(found.tolist(), scores.tolist(), strict=True)
                for chunk in chunks.get(vector_id, ())
            }
            allowed = filter_matches(self._db, matches, list(near))
            # What has a phrase is among the passages whose words fit; what is excluded may leave too few.
            if len(allowed) >= n or wanted >= count or matches.asked.phrases:
                return {number: near[number] for number in allowed[:n]}
            wanted *= 4

    def _chunks(self, vector_ids: list[int]) -> dict[int, list[int]]:
        """Return the passages of each vector."""
        chunks: dict[int, list[int]] = {}
        for vector_id, chunk in self._rows(_CHUNKS, vector_ids):
            chunks.setdefault(vector_id, []).append(chunk)
        return chunks

    def _words(self, ids: Sequence[int]) -> Iterator[list[int]]:
        """Return the terms of each of some passages in their order, those of its title and headings first."""
        found = {
            number: list(chain.from_iterable(map(terms_of, map(str, texts))))
            for number, *texts in self._rows(_TEXTS, ids)
        }
        return (found[number] for number in ids)

    def _rows(self, statement: str, ids: Sequence[int], *before: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement for some ids, in no order; its parameters `before` come first."""
        for first in range(0, len(ids), _AT_ONCE):
            part = ids[first : first + _AT_ONCE]
            yield from self._db.execute(statement.format(", ".join("?" * len(part))), [*before, *part]).fetchall()

    def _dense(self, question: _Asked, ids: Sequence[int], known: dict[int, float]) -> Floats:
        """Return the scores of passages `[len(ids)]`, from the stored vectors where the index did not tell.

        NaN for a passage that has no vector, which happens after a repair.
        """
        assert self._model is not None
        scores = dict(known)
        rest = [number for number in ids if number not in known]
        for number, *row in self._rows(_VECTORS, rest, self._model.id):
            stored = checked_vector(self._model.dimension, *row)
            scores[number] = score_and_distance(question.metric, question.vector, stored)[0]
        return np.array([scores.get(number, np.nan) for number in ids])

    def _chances(
        self, question: _Asked, index: VectorIndex, dense: Floats, fused: Floats, passages: int
    ) -> list[float | None]:
        """Return how likely each of some passages is the answer; None where that cannot be told."""
        if question.metric != "cosine" or index.count < _FEWEST:
            return [None] * len(dense)
        if self._sample is None or self._sample[0] is not index:
            self._sample = index, index.sample(_SAMPLE)
        background = np.einsum("ij,j->i", self._sample[1], question.vector).astype(np.float64)
        chances = calibrated(dense, fused, background, passages).tolist()
        return [None if np.isnan(score) else chance for score, chance in zip(dense, chances, strict=True)]

    def _hits(
        self,
        ids: Sequence[int],
        ranked: Sequence[_Ranked],
        matches: Matches,
        among: Selection | None,
        question: _Asked | None = None,
    ) -> list[Hit]:
        """Return what is shown of some passages, best first, each checked against the stored rows."""
        rows = {row[3]: row for row in self._rows(_PASSAGE, ids)}
        scores = dict(zip(ids, ranked, strict=True))
        near = self._exact(question, {number: part.dense for number, part in scores.items()}) if question else {}
        hits = []
        for rank, number in enumerate(ids, 1):
            if number not in rows:
                raise Damaged(f"Passage {number} is in an index but not stored; run: wherein verify")
            hits.append(_hit(rank, rows[number], scores[number], near.get(number, (None, None)), matches, among))
        return hits

    def _exact(self, question: _Asked, scores: dict[int, float | None]) -> dict[int, tuple[float, float | None]]:
        """Return score and distance of some passages by the stored vectors, of those that have a score at all.

        Raises Damaged when that is of another vector, or of one that is not stored.
        """
        assert self._model is not None
        known = {number: score for number, score in scores.items() if score is not None and not np.isnan(score)}
        found = {}
        for number, *row in self._rows(_VECTORS, list(known), self._model.id):
            stored = checked_vector(self._model.dimension, *row)
            near = exact_nearness(question.metric, question.vector, stored, known[number])
            if near is None:
                raise Damaged(f"The index holds another vector of passage {number} than is stored; run: wherein repair")
            found[number] = near
        if lost := known.keys() - found.keys():
            raise Damaged(f"Passage {min(lost)} has a score but no stored vector; run: wherein verify")
        return found


def to_read(k: int) -> int:
    """Return how many candidates are read so that the best `k` of them are known."""
    return max(READ, k + k // 2)


def _hit(
    rank: int,
    row: tuple[Any, ...],
    ranked: _Ranked,
    near: tuple[float | None, float | None],
    matches: Matches,
    among: Selection | None,
) -> Hit:
    """Return what is shown of a passage from the columns of `_PASSAGE`, and its exact score and distance.

    Raises Damaged when the columns are not as they were stored.
    """
    name, counted, checksum, number, document = row[:5]
    if among is not None and document not in among.documents:
        raise Damaged(f"Passage {number} was selected by another document; run: wherein verify")
    counts = checked_terms(number, counted, checksum)
    score = term_score(counts, matches.index, matches.found.idf)
    if not abs(score - ranked.keyword) <= _TOLERANCE * max(1.0, score):
        raise Damaged(f"The index holds other word counts of passage {number} than are stored; run: wherein repair")
    held = set(counts.entries["term"].tolist())
    matched = tuple(dict.fromkeys(word for term, word in matches.asked.terms.items() if term in held))
    return replace(
        hit_of((ranked.score, near[1]), name, row[3:]),
        rank=rank, dense_score=near[0], dense_rank=ranked.dense_rank, keyword_score=score,
        keyword_rank=ranked.keyword_rank, matched=matched, overlap=ranked.overlap, chance=ranked.chance,
    )  # fmt: skip


def _ranks(ids: Sequence[int]) -> dict[int, int]:
    return {number: rank for rank, number in enumerate(ids, 1)}


def _filled(dense: Floats) -> Floats:
    """Return similarities, with the lowest of them for passages that have no vector."""
    known = dense[~np.isnan(dense)]
    return np.where(np.isnan(dense), known.min() if len(known) else 0.0, dense)

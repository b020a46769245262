"""The indexes of the candidates of one question, with the numbers of all passages of the store they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from wherein.embed.metric import scores_and_distances
from wherein.search.stored.small_catalog import SmallCatalog
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import read_terms
from wherein.storage.catalog.vectors import Ids, Matrix, read_vectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.open_indexes import SharedIndexes
from wherein.storage.index.postings import Mask, TermPostings, collect
from wherein.storage.store.store import TermStatistics

__all__ = ["CandidateIndexes", "CandidateVectors", "NeedMore"]


class NeedMore(Exception):
    """A question needs more of the nearest passages than were fetched: `wanted` of them."""

    def __init__(self, wanted: int) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True)
class _GenerationNumber:
    """What an answer's provenance shows of a generation."""

    id: int


@dataclass(frozen=True)
class CandidateVectors:
    """The vectors of candidates; the `nearest_known` of them are the nearest of all `count`, whose sample is given.

    The part of the interface of `VectorIndex` by which questions are ranked.
    """

    ids: Ids
    vectors: Matrix
    nearest_known: int
    count: int
    background: Matrix
    metric: str
    generation: _GenerationNumber
    delta_count: int = 0

    def nearest(self, question: Matrix, k: int, among: Selection | None = None) -> tuple[Ids, Matrix]:
        """Return the ids and scores of the nearest, best first. Raises NeedMore when others may be as near."""
        if k > self.nearest_known and self.nearest_known < self.count:
            raise NeedMore(k)
        ids, vectors = self.ids, self.vectors
        if among is not None:
            chosen = among.has_vectors(ids)
            ids, vectors = ids[chosen], vectors[chosen]
        # Not those of the store: an index of codes only estimates them.
        scores, _ = scores_and_distances(self.metric, question, vectors)
        order = np.lexsort((ids, -scores))[:k]
        return ids[order], scores[order].astype(np.float32)


@dataclass(frozen=True)
class _CandidatePostings(TermPostings):
    """The postings of a term in the candidates, with the number of all passages that have it."""

    frequency: int = 0

    def count(self, live: Mask | None) -> int:
        """Return in how many passages of the store the term occurs."""
        return self.frequency


@dataclass(frozen=True)
class _CandidatePart(Part):
    """The postings of the candidates, with the numbers of all passages that have each word of the question."""

    statistics: TermStatistics = field(default_factory=lambda: TermStatistics(0, 0, {}))

    def find(self, term: int) -> TermPostings:
        """Return the postings of a term."""
        return self._counted(super().find(term), self.statistics.frequencies.get(term))

    def find_any(self, terms: Sequence[int]) -> TermPostings:
        """Return the postings of some terms as if they were one."""
        return self._counted(super().find_any(terms), self.statistics.families.get(tuple(terms)))

    @staticmethod
    def _counted(found: TermPostings, frequency: int | None) -> TermPostings:
        """Return postings with the number of all passages, that of the candidates where it is not known."""
        known = len(found.body) if frequency is None else frequency
        return _CandidatePostings(found.positions, found.body, found.fields, known)


class CandidateIndexes(SharedIndexes):
    """The indexes of a catalog of candidates; `nearest` is how many of its vectors are the nearest of all."""

    def __init__(
        self,
        catalog: SmallCatalog,
        statistics: TermStatistics,
        background: Matrix,
        *,
        nearest: int,
        metric: str,
        generation: int,
    ) -> None:
        self.model = catalog.model
        self.turn = Lock()
        self._catalog = catalog
        self._statistics = statistics
        self._background = background
        self._nearest = nearest
        self._metric = metric
        self._generation = _GenerationNumber(generation)

    def vectors(self, db: Catalog) -> Any:
        """Return the vectors of the candidates, which stand for all."""
        stored = self._catalog.model
        parts = list(read_vectors(db, stored.id, stored.dimension, 0))
        ids, vectors = _joined(parts, stored.dimension)
        count = self._statistics.passages
        known = count if self._nearest >= count else self._nearest
        return CandidateVectors(ids, vectors, known, count, self._background, self._metric, self._generation)

    def keywords(self, db: Catalog) -> KeywordIndex:
        """Return the terms of the candidates, counted as in the whole store."""
        part = _CandidatePart(collect(read_terms(db)), None, self._statistics)
        return KeywordIndex(0, None, (part,), self._statistics.passages, self._statistics.length)


def _joined(parts: Sequence[tuple[Ids, Matrix]], width: int) -> tuple[Ids, Matrix]:
    if not parts:
        return np.empty(0, np.int64), np.empty((0, width), np.float32)
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([vectors for _, vectors in parts])

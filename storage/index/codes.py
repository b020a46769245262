"""A generation that holds one byte for each component of a vector: candidates are scored again by the stored vectors.

The largest Euclidean distance between a vector and its decoded code is measured when the file is written. It bounds by
how much the score of a code may be wrong (Cauchy-Schwarz inequality), so that the nearest vectors are found exactly
wherever all codes are scored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import Any, Self

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import ROUNDING, Ids, Matrix, StoredVectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.method import Method

__all__ = ["CODE_ROUNDING", "Codes", "best_of"]

# FAISS and NumPy add in different orders; and the codes of a generation that is older than float16 in the catalog are
# those of the unrounded vectors.
CODE_ROUNDING = 1e-5 + ROUNDING
# Codes fetched beyond the k that are wanted, at first: the bound usually excludes all others. As many as k, if that is
# more: another search would read the vectors of the first again.
_MARGIN = 48


class Codes(ABC):
    """An opened index of one model's vectors, and the catalog that they are stored in; use it inside `snapshot`."""

    def __init__(self, index: Any, method: Method, db: Catalog, model: StoredModel) -> None:
        self._index = index
        self._method = method
        self._vectors = StoredVectors(db, model)
        self.count: int = index.ntotal

    def read_from(self, db: Catalog) -> Self:
        """Return the same index over another connection to the same catalog."""
        if db is self._vectors.db:
            return self
        other = copy(self)
        other._vectors = StoredVectors(db, self._vectors.model)
        return other

    @abstractmethod
    def nearest(self, question: Matrix, k: int, floor: float = -np.inf) -> tuple[Ids, Matrix]:
        """Return ids and inner products of the nearest vectors that the index finds, at most `k`.

        Vectors that are no longer stored may be left out, and those whose scores are below `floor`. Raises Damaged when
        the index contradicts a stored vector.
        """

    @abstractmethod
    def sample(self, positions: Ids) -> Matrix:
        """Return the decoded codes `[n, dimension]` at some ascending positions `[n]` of the index."""

    @abstractmethod
    def ids(self) -> Ids:
        """Return the ids of all vectors, by position."""

    @abstractmethod
    def _search_all(self, question: Matrix, n: int, among: Selection | None) -> tuple[Ids, Matrix]:
        """Return the ids and scores of the `n` best codes of all, or of those in `among`; -1 where there are fewer."""

    def among(
        self, question: Matrix, k: int, among: Selection, allowed: int, floor: float = -np.inf
    ) -> tuple[Ids, Matrix]:
        """Return exactly the nearest of the vectors in `among`; `allowed` of them are in this index.

        Those whose scores are below `floor` may be left out.
        """
        return self._exactly(question, k, among, allowed, floor)

    def _exactly(
        self, question: Matrix, k: int, among: Selection | None, allowed: int, floor: float
    ) -> tuple[Ids, Matrix]:
        """Return exactly the nearest vectors; `allowed` are in this index.

        Every allowed code is scored, and as many vectors are read as may be among the nearest: none whose code's score
        is lower by more than the bound than `floor`, or than the score of the k-th best vector that is known.
        """
        slack = self._max_deviation(question)
        wanted = k + max(k, _MARGIN)
        while True:
            wanted = min(wanted, allowed)
            ids, scores = self._scan(question, wanted, among)
            possible = int(np.count_nonzero(scores + slack >= floor))
            # The k-th best score of a code is about that of the k-th best vector, so that one read is mostly enough.
            first = min(possible, int(np.count_nonzero(scores + slack >= scores[k - 1]))) if k <= wanted else possible
            found, exact = best_of(*self._rescored(question, ids[:first], scores[:first]), k)
            if len(found) == k:  # else some are no longer stored
                possible = min(possible, int(np.count_nonzero(scores + slack >= exact[-1])))
            if first < possible:
                more, more_exact = self._rescored(question, ids[first:possible], scores[first:possible])
                found, exact = best_of(np.concatenate([found, more]), np.concatenate([exact, more_exact]), k)
            is_last = len(found) == k and scores[-1] + slack < exact[-1]
            if wanted == allowed or possible < wanted or is_last:
                return found, exact
            wanted *= 4

    def _scan(self, question: Matrix, n: int, among: Selection | None = None) -> tuple[Ids, Matrix]:
        ids, scores = self._search_all(question, n, among)
        if (ids < 0).any():  # fewer than are registered
            raise Damaged("The index lacks vectors that were written to it; run: wherein repair")
        _check_distinct(np.sort(ids))
        return ids, scores

    def _max_deviation(self, question: Matrix) -> float:
        """Return by how much the score of a code may differ from that of its vector (Cauchy-Schwarz inequality)."""
        length = float(np.linalg.norm(question))
        return length * (self._method.error + CODE_ROUNDING)

    def _rescored(self, question: Matrix, ids: Ids, scores: Matrix) -> tuple[Ids, Matrix]:
        """Return those of `ids` that are stored, and their exact scores."""
        order = np.argsort(ids)
        ids, scores = ids[order], scores[order]
        _check_distinct(ids)
        found, vectors = self._vectors.find(ids)
        exact = np.einsum("ij,j->i", vectors, question)  # not `@`: see vector_index.py
        # Negated, so that NaN counts as wrong too.
        wrong = ~(np.abs(exact - scores[np.searchsorted(ids, found)]) <= self._max_deviation(question))
        if wrong.any():
            raise Damaged(f"Vector {found[wrong][0]} in the index is not the one stored; run: wherein repair")
        return found, exact


def _check_distinct(ascending: Ids) -> None:
    repeated = ascending[1:][ascending[1:] == ascending[:-1]]
    if len(repeated):
        raise Damaged(f"The index holds vector {repeated[0]} twice; run: wherein repair")


def best_of(ids: Ids, scores: Matrix, k: int) -> tuple[Ids, Matrix]:
    """Return the `k` best, best first; equal scores in the order of their ids."""
    best = np.lexsort((ids, -scores))[:k]  # `lexsort` sorts by its last key first
    return ids[best], scores[best]

"""The passages nearest in meaning to a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wherein.embed.metric import scores_and_distances
from wherein.errors import Damaged
from wherein.search.copies import MAX_BY_MEANING, MAX_OF_VECTOR, NearCopies
from wherein.search.found import Choose, Found
from wherein.search.hits import Hit
from wherein.search.passage_lookup import PassageLookup, required
from wherein.search.provenance import Provenance, provenance_of
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix, checked_vectors
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.open_indexes import OpenIndexes, SharedIndexes
from wherein.storage.index.vector_index import VectorIndex

__all__ = ["Searcher", "exact_nearness"]

_VECTORS = "SELECT id, input_hash, vector, checksum FROM vectors WHERE id IN ({})"
# The index and NumPy add in different orders. A larger difference than this share of the product of the two vectors'
# lengths, by which the rounding error of an inner product may grow, means that the index holds another vector.
_TOLERANCE = 1e-4
# Extra neighbors fetched for l2, where float32 inner products cannot order near ties.
_EXTRA_NEIGHBORS = {"l2": 16}


Nearness = tuple[float, float | None]
"""The score of a question and a passage, and their distance, which only `l2` has."""


class _StoredVector(NamedTuple):
    """The columns of a row of `vectors`, unchecked."""

    id: int
    input_hash: bytes
    vector: bytes
    checksum: int


class _Near(NamedTuple):
    """A passage with its vector's id, and the score by the index."""

    chunk: int
    vector: int
    score: float


class _Exact(NamedTuple):
    """A passage with score and distance by its stored vector, which is that of `input_hash`."""

    chunk: int
    score: float
    distance: float | None
    input_hash: bytes


class Searcher:
    """Ranks the passages of one library by meaning, for one thread at a time.

    Holds the index of the last committed state, in `indexes` if these are given, and no transaction between questions.
    `provenance` is that of the last answer, `unmatched` its filter's patterns that match no document.
    """

    def __init__(
        self,
        db: Catalog,
        folder: Path,
        model: StoredModel,
        metric: str = "cosine",
        indexes: OpenIndexes | None = None,
    ) -> None:
        self._db = db
        self._model = model
        self._metric = metric
        self._indexes = indexes or OpenIndexes(db, SharedIndexes(folder, model))
        self._passages = PassageLookup(db, model)
        self._selector = Selector(model.id)
        self.provenance: Provenance | None = None
        self.unmatched: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Load the index of the last committed state, so that the next `search` need not."""
        with self._indexes.reading_vectors():
            pass

    def search(
        self,
        question: Matrix,
        k: int,
        only: Filter | None = None,
        copies: NearCopies | None = None,
        choose: Choose | None = None,
    ) -> list[Hit]:
        """Return the `k` passages nearest to `question` `[width]` by the model's metric, of the documents in `only`.

        Of near-copies only the first few, all if `copies` is None; then only those that `choose` picks. Fewer only when
        there are fewer. Scores are computed from the stored vectors, whatever the index says. Raises Damaged rather
        than return a text or a score that is not the stored one's, UsageError when `only` names a field that no
        document has.
        """
        with self._indexes.reading_vectors() as index:
            self._passages.begin(self._indexes.version)
            self.provenance = provenance_of(self._model, index, None)
            selection = self._selector.select(self._db, self._indexes.version, only) if only else None
            self.unmatched = selection.unmatched if selection else ()
            near = self._nearest(index, question, k + _EXTRA_NEIGHBORS.get(self._metric, 0), selection, copies)
            best = self._exact(question, near)[:k]
            # Read at once: passages of one document are read together.
            stored = self._passages.stored([one.chunk for one in best])
            if choose is not None:
                best = [best[at] for at in choose([Found(required(stored, one.chunk), one.score) for one in best])]
            return [self._hit(rank, one, selection) for rank, one in enumerate(best, 1)]

    def _nearest(
        self, index: VectorIndex, question: Matrix, n: int, selection: Selection | None, copies: NearCopies | None
    ) -> list[_Near]:
        """Return the `n` nearest selected passages by the index, of near-copies the first few if `copies` is given."""
        count = index.count if selection is None else len(selection.vectors)
        wanted = n
        while True:
            # All copies of a text are needed only where some may not be selected.
            most = None if copies is None or selection is not None else MAX_OF_VECTOR
            near = list(self._each_near(index, question, wanted, selection, most))
            kept = near if copies is None else _without(near, copies, n)
            if len(kept) >= n or wanted >= count:
                return kept[:n]
            if copies is not None and len(near) >= n:
                if wanted >= MAX_BY_MEANING:
                    copies.cut = True
                    return kept
                wanted = MAX_BY_MEANING
                continue
            # Some of the nearest vectors no longer belong to a passage: fetch more, in proportion to those.
            wanted = min(4 * wanted, wanted * n // max(len(kept), 1) + 16)

    def _each_near(
        self, index: VectorIndex, question: Matrix, wanted: int, selection: Selection | None, most: int | None
    ) -> Iterator[_Near]:
        """Yield the selected passages of the nearest vectors, of each vector the first `most` by their ids."""
        vector_ids, scores = index.nearest(question, wanted, selection)
        chunks_of = self._passages.of_vectors(vector_ids.tolist(), most)
        for vector_id, score in zip(vector_ids.tolist(), scores.tolist(), strict=True):
            for chunk in chunks_of.get(vector_id, ()):
                if selection is None or selection.has_chunk(chunk):
                    yield _Near(chunk, vector_id, score)

    def _exact(self, question: Matrix, near: Sequence[_Near]) -> list[_Exact]:
        """Return passages with score and distance by their stored vectors, best first.

        Raises Damaged when the index holds another vector, or a passage is found twice.
        """
        index_scores = {one.vector: one.score for one in near}
        rows = list(map(_StoredVector._make, select_in(self._db, _VECTORS, list(index_scores))))
        _, stored = checked_vectors(self._model.dimension, rows)
        nearness = exact_nearness(self._metric, question, stored, [index_scores[row.id] for row in rows])
        vectors = {row.id: (row, exact) for row, exact in zip(rows, nearness, strict=True)}
        found: dict[int, _Exact] = {}
        for chunk, vector_id, _ in near:
            if vector_id not in vectors:
                continue
            if chunk in found:
                raise Damaged(f"Passage {chunk} is found twice; run: wherein verify")
            row, exact = vectors[vector_id]
            if exact is None:
                raise Damaged(f"Vector {vector_id} in the index is not the one stored; run: wherein repair")
            found[chunk] = _Exact(chunk, *exact, row.input_hash)
        # A stable sort: equal scores keep their order.
        return sorted(found.values(), key=lambda one: -one.score if one.distance is None else one.distance)

    def _hit(self, rank: int, found: _Exact, selection: Selection | None) -> Hit:
        hit = self._passages.hit(found.chunk, selection, rank=rank, score=found.score, distance=found.distance)
        # One of SQLite's indexes, when damaged, leads from a vector to the passage of another.
        if required(self._passages.stored([found.chunk]), found.chunk).input_hash != found.input_hash:
            raise Damaged(f"A passage of {hit.uri} was found by the vector of another; run: wherein verify")
        return hit


def _without(near: Sequence[_Near], copies: NearCopies, n: int) -> list[_Near]:
    """Return the first `n` passages, of near-copies only the first few."""
    kept = set(copies.first([one.chunk for one in near], n))
    return [one for one in near if one.chunk in kept]


def exact_nearness(
    metric: str, question: Matrix, stored: Matrix, index_scores: Sequence[float]
) -> list[Nearness | None]:
    """Return score and distance of a question `[width]` and each of the stored vectors `[n, width]`.

    None where they contradict one of `index_scores`: the index then holds another vector.
    """
    scores, distances = scores_and_distances(metric, question, stored)
    allowed = _TOLERANCE * np.maximum(1.0, np.linalg.norm(question) * np.linalg.norm(stored, axis=1))
    same = np.abs(scores - np.array(index_scores, np.float64)) <= allowed  # False also when one of them is NaN
    found = zip(same.tolist(), scores.tolist(), distances, strict=True)
    return [(score, distance) if is_same else None for is_same, score, distance in found]

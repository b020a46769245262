"""The passages nearest in meaning to a question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wherein.embed.metric import score_and_distance
from wherein.errors import Damaged
from wherein.search.hits import PASSAGE_COLUMNS, Hit, StoredPassage, checked_hit
from wherein.search.provenance import Provenance, provenance_of
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix, checked_vector
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.vector_index import VectorIndex, reading_index

__all__ = ["Searcher", "exact_nearness"]

# CROSS JOIN makes SQLite begin with the one vector (https://sqlite.org/optoverview.html#crossjoin).
_PASSAGES = f"""
SELECT v.id, v.input_hash, v.vector, v.checksum, {PASSAGE_COLUMNS}
FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash JOIN documents d ON d.id = c.document_id
WHERE v.id = ? ORDER BY c.id
"""
# The index and NumPy add in different orders. A larger difference than this share of the product of the two vectors'
# lengths, by which the rounding error of an inner product may grow, means that the index holds another vector.
_TOLERANCE = 1e-4
# Extra neighbours fetched for l2, where float32 inner products cannot order near ties.
_EXTRA_NEIGHBOURS = {"l2": 16}


class _StoredVector(NamedTuple):
    """The columns of a row of `vectors`, unchecked."""

    id: int
    input_hash: bytes
    vector: bytes
    checksum: int


class Searcher:
    """Ranks the passages of one library by meaning.

    Holds the index of the last committed state and no transaction between questions. `provenance` is that of the last
    answer.
    """

    def __init__(self, db: Catalog, folder: Path, model: StoredModel, metric: str = "cosine") -> None:
        self._db = db
        self._folder = folder
        self._model = model
        self._metric = metric
        self._index: VectorIndex | None = None
        self._selector = Selector(model.id)
        self.provenance: Provenance | None = None

    def refresh(self) -> None:
        """Load the index of the last committed state, so that the next `search` need not."""
        with reading_index(self._db, self._folder, self._model, self._index) as self._index:
            pass

    def search(self, question: Matrix, k: int, only: Filter | None = None) -> list[Hit]:
        """Return the `k` passages nearest to `question` `[width]` by the model's metric, of the documents in `only`.

        Fewer only when there are fewer. Scores are computed from the stored vectors, whatever the index says. Raises
        Damaged rather than return a text or a score that is not the stored one's, UsageError when `only` names a field
        that no document has.
        """
        with reading_index(self._db, self._folder, self._model, self._index) as self._index:
            self.provenance = provenance_of(self._model, self._index, None)
            selection = self._selector.select(self._db, self._index.version, only) if only else None
            count = self._index.count if selection is None else len(selection.vectors)
            wanted = enough = k + _EXTRA_NEIGHBOURS.get(self._metric, 0)
            while True:
                hits = self._hits(self._index, question, wanted, enough, selection)
                if len(hits) == enough or wanted >= count:
                    return [replace(hit, rank=rank) for rank, hit in enumerate(hits[:k], 1)]
                # Some of the nearest vectors no longer belong to a passage: fetch more, in proportion to those.
                wanted = min(4 * wanted, wanted * enough // max(len(hits), 1) + 16)

    def _hits(
        self, index: VectorIndex, question: Matrix, wanted: int, enough: int, selection: Selection | None
    ) -> list[Hit]:
        """Return the first `enough` passages of the `wanted` nearest vectors, best first."""
        hits: dict[int, Hit] = {}
        # Taken one by one: passages beyond the last that is needed are neither read nor checked.
        for hit in islice(self._each_hit(index, question, wanted, selection), enough):
            if hit.chunk in hits:
                raise Damaged(f"Passage {hit.chunk} is found twice; run: wherein verify")
            hits[hit.chunk] = hit
        # A stable sort: equal scores keep their order.
        return sorted(hits.values(), key=lambda hit: -hit.score if hit.distance is None else hit.distance)

    def _each_hit(
        self, index: VectorIndex, question: Matrix, wanted: int, selection: Selection | None
    ) -> Iterator[Hit]:
        for vector_id, score in zip(*index.nearest(question, wanted, selection), strict=True):
            for vector, passage in self._passages(int(vector_id)):
                if selection is None or selection.has_chunk(passage.chunk):
                    yield self._hit(question, float(score), vector, passage, selection)

    def _passages(self, vector_id: int) -> Iterator[tuple[_StoredVector, StoredPassage]]:
        for number, input_hash, vector, checksum, *passage in self._db.execute(_PASSAGES, [vector_id]).fetchall():
            yield _StoredVector(number, input_hash, vector, checksum), StoredPassage(*passage)

    def _hit(
        self,
        question: Matrix,
        index_score: float,
        vector: _StoredVector,
        passage: StoredPassage,
        selection: Selection | None,
    ) -> Hit:
        """Return a passage with score and distance by its stored vector.

        Raises Damaged when the index, which gave `index_score`, holds another vector, or the passage is damaged.
        """
        stored = checked_vector(self._model.dimension, *vector)
        exact = exact_nearness(self._metric, question, stored, index_score)
        if exact is None:
            raise Damaged(f"The index holds another vector {vector.id} than is stored; run: wherein repair")
        hit = checked_hit(passage, selection, score=exact[0], distance=exact[1])
        # One of SQLite's indexes, when damaged, leads from a vector to the passage of another.
        if passage.input_hash != vector.input_hash:
            raise Damaged(f"A passage of {passage.uri} was found by the vector of another; run: wherein verify")
        return hit


def exact_nearness(
    metric: str, question: Matrix, stored: Matrix, index_score: float
) -> tuple[float, float | None] | None:
    """Return score and distance of a question and a stored vector, both `[width]`.

    None when they contradict `index_score`: the index then holds another vector.
    """
    exact = score_and_distance(metric, question, stored)
    allowed = _TOLERANCE * max(1.0, float(np.linalg.norm(question) * np.linalg.norm(stored)))
    return exact if abs(exact[0] - index_score) <= allowed else None  # None also when one of them is NaN

"""The passages nearest in meaning to a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wherein.embed.metric import score_and_distance
from wherein.errors import Damaged
from wherein.search.hits import Hit, StoredPassage, checked_hit
from wherein.search.passage_lookup import PassageLookup, required
from wherein.search.provenance import Provenance, provenance_of
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix, checked_vector
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.open_indexes import OpenIndexes, SharedIndexes
from wherein.storage.index.vector_index import VectorIndex

__all__ = ["Searcher", "exact_nearness"]

_VECTORS = "SELECT id, input_hash, vector, checksum FROM vectors WHERE id IN ({})"
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
        self._selector = Selector(model.id)
        self.provenance: Provenance | None = None
        self.unmatched: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Load the index of the last committed state, so that the next `search` need not."""
        with self._indexes.reading_vectors():
            pass

    def search(self, question: Matrix, k: int, only: Filter | None = None, copies: int | None = None) -> list[Hit]:
        """Return the `k` passages nearest to `question` `[width]` by the model's metric, of the documents in `only`.

        Of one text at most `copies`, all if that is None. Fewer only when there are fewer. Scores are computed from the
        stored vectors, whatever the index says. Raises Damaged rather than return a text or a score that is not the
        stored one's, UsageError when `only` names a field that no document has.
        """
        with self._indexes.reading_vectors() as index:
            self.provenance = provenance_of(self._model, index, None)
            selection = self._selector.select(self._db, self._indexes.version, only) if only else None
            self.unmatched = selection.unmatched if selection else ()
            count = index.count if selection is None else len(selection.vectors)
            wanted = enough = k + _EXTRA_NEIGHBOURS.get(self._metric, 0)
            while True:
                passages = self._each_passage(index, question, wanted, selection, copies)
                hits = self._hits(question, list(islice(passages, enough)), selection)
                if len(hits) == enough or wanted >= count:
                    return [replace(hit, rank=rank) for rank, hit in enumerate(hits[:k], 1)]
                # Some of the nearest vectors no longer belong to a passage: fetch more, in proportion to those.
                wanted = min(4 * wanted, wanted * enough // max(len(hits), 1) + 16)

    def _hits(
        self, question: Matrix, passages: Sequence[tuple[int, _StoredVector, float]], selection: Selection | None
    ) -> list[Hit]:
        """Return passages, each given by id, vector and score by the index, as hits, best first."""
        # Read at once: passages of one document are read together.
        stored = PassageLookup(self._db, self._model).stored([chunk for chunk, _, _ in passages])
        hits: dict[int, Hit] = {}
        for chunk, vector, score in passages:
            if chunk in hits:
                raise Damaged(f"Passage {chunk} is found twice; run: wherein verify")
            hits[chunk] = self._hit(question, score, vector, required(stored, chunk), selection)
        # A stable sort: equal scores keep their order.
        return sorted(hits.values(), key=lambda hit: -hit.score if hit.distance is None else hit.distance)

    def _each_passage(
        self, index: VectorIndex, question: Matrix, wanted: int, selection: Selection | None, copies: int | None
    ) -> Iterator[tuple[int, _StoredVector, float]]:
        """Yield selected passages of the nearest vectors, of each at most `copies`: id, vector, score by the index."""
        vector_ids, scores = index.nearest(question, wanted, selection)
        stored = {row[0]: _StoredVector(*row) for row in select_in(self._db, _VECTORS, vector_ids.tolist())}
        passages = PassageLookup(self._db, self._model).of_vectors(list(stored))
        for vector_id, score in zip(vector_ids.tolist(), scores.tolist(), strict=True):
            chunks = passages.get(vector_id, ())
            selected = (chunk for chunk in chunks if selection is None or selection.has_chunk(chunk))
            for chunk in islice(selected, copies):
                yield chunk, stored[vector_id], score

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

"""The passages nearest in meaning to a question."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from wherein.embed.metric import nearness
from wherein.errors import Damaged
from wherein.search.hits import PASSAGE, Hit, hit_of
from wherein.search.provenance import Provenance, basis_of
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix, checked_vector
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.vector_index import VectorIndex, reading_index

__all__ = ["Searcher", "exact_nearness"]

_HITS = f"""
SELECT v.id, v.input_hash, v.vector, v.checksum, {PASSAGE}
FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash JOIN documents d ON d.id = c.document_id
WHERE v.id = ? ORDER BY c.id
"""
# The index and NumPy add in another order; beyond this part of the two vectors' lengths, which is by how much the
# rounding of an inner product may grow, the index does not hold the vector that is stored.
_TOLERANCE = 1e-4
# So many more are looked at where the index may not tell very near distances apart: of vectors that are long compared
# with their distances the inner product, in float32, has few digits left.
_SPARE = {"l2": 16}


class Searcher:
    """A reader of one library: holds the index of the last committed state and no transaction between questions.

    `basis` tells what the last question was answered from.
    """

    def __init__(self, db: Catalog, folder: Path, model: StoredModel, metric: str = "cosine") -> None:
        self._db = db
        self._folder = folder
        self._model = model
        self._metric = metric
        self._index: VectorIndex | None = None
        self._selector = Selector(model.id)
        self.basis: Provenance | None = None

    def refresh(self) -> None:
        """Open what was committed last, so that the next `search` finds it open."""
        with reading_index(self._db, self._folder, self._model, self._index) as self._index:
            pass

    def search(self, question: Matrix, k: int, only: Filter | None = None) -> list[Hit]:
        """Return the `k` passages that are nearest to `question` `[width]` by the model's metric.

        With `only` those of documents that pass it. Fewer only when there are fewer. Scores are calculated from the
        stored vectors, whatever the index says. Raises Damaged rather than show a text or a score that is not the
        stored one's, UsageError when `only` asks for a field that no document has.
        """
        with reading_index(self._db, self._folder, self._model, self._index) as self._index:
            self.basis = basis_of(self._model, self._index, None)
            among = self._selector.select(self._db, self._index.version, only) if only else None
            count = self._index.count if among is None else len(among.vectors)
            wanted = enough = k + _SPARE.get(self._metric, 0)
            while True:
                hits = self._hits(question, wanted, enough, among)
                if len(hits) == enough or wanted >= count:
                    return [replace(hit, rank=rank) for rank, hit in enumerate(hits[:k], 1)]
                # Some of the nearest vectors belong to no passage any more: look further.
                wanted *= 4

    def _hits(self, question: Matrix, wanted: int, enough: int, among: Selection | None) -> list[Hit]:
        assert self._index is not None
        hits: dict[int, Hit] = {}
        for vector_id, score in zip(*self._index.nearest(question, wanted, among), strict=True):
            if len(hits) == enough:
                break
            for row in self._db.execute(_HITS, [int(vector_id)]).fetchall():
                if len(hits) < enough and (among is None or among.has_chunk(row[4])):
                    hit = hit_of(self._nearness(question, float(score), row[:4]), row[1], row[4:])
                    if among is not None and hit.document not in among.documents:
                        raise Damaged(f"Passage {hit.chunk} was selected by another document; run: wherein verify")
                    if hit.chunk in hits:
                        raise Damaged(f"Passage {hit.chunk} is found twice; run: wherein verify")
                    hits[hit.chunk] = hit
        # A stable sort: equal scores keep their order.
        return sorted(hits.values(), key=lambda hit: -hit.score if hit.distance is None else hit.distance)

    def _nearness(
        self, question: Matrix, score: float, row: tuple[int, bytes, bytes, int]
    ) -> tuple[float, float | None]:
        """Return score and distance by the stored vector.

        Raises Damaged when the index, which said `score`, has another.
        """
        stored = checked_vector(self._model.dimension, *row)
        near = exact_nearness(self._metric, question, stored, score)
        if near is None:
            raise Damaged(f"The index holds another vector {row[0]} than is stored; run: wherein repair")
        return near


def exact_nearness(metric: str, question: Matrix, stored: Matrix, score: float) -> tuple[float, float | None] | None:
    """Return score and distance of a question and a stored vector; None when an index that said `score` has another."""
    near = nearness(metric, question, stored)
    allowed = _TOLERANCE * max(1.0, float(np.linalg.norm(question) * np.linalg.norm(stored)))
    return near if abs(near[0] - score) <= allowed else None  # None also when one of them is no number

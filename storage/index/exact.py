"""A generation that holds the vectors themselves: each is compared with the question."""

from __future__ import annotations

from typing import Any

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.filters.selection import Selection
from wherein.storage.index.selected import search_selected

__all__ = ["Exact"]


class Exact:
    """An opened `IndexIDMap` over an `IndexFlatIP`."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.count: int = index.ntotal

    def nearest(self, question: Matrix, k: int, floor: float = -np.inf) -> tuple[Ids, Matrix]:
        """Return ids and inner products `[min(k, count)]` of the nearest vectors. Raises Damaged when one is NaN."""
        return self._search(question, min(k, self.count))

    def among(
        self, question: Matrix, k: int, among: Selection, allowed: int, floor: float = -np.inf
    ) -> tuple[Ids, Matrix]:
        """Return the nearest of the vectors in `among`; `allowed` of them are in this index."""
        wanted = min(k, allowed)
        if allowed == self.count:
            return self._search(question, wanted)
        return search_selected(self._search, question, wanted, self.count, among, allowed)

    def sample(self, positions: Ids) -> Matrix:
        """Return the vectors `[n, dimension]` at some positions `[n]` of the index."""
        import faiss

        inner: Any = faiss.downcast_index(self._index.index)
        vectors: Matrix = inner.reconstruct_batch(positions)
        return vectors

    def ids(self) -> Ids:
        """Return the ids of all vectors, by position."""
        import faiss

        return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def _search(self, question: Matrix, k: int, parameters: Any = None) -> tuple[Ids, Matrix]:
        scores, labels = self._index.search(question[None, :], k, params=parameters)
        if (labels < 0).any():  # FAISS returns fewer results than vectors only where a score is NaN
            raise Damaged("The index holds something that is not a vector; run: wherein repair")
        return labels[0], scores[0]

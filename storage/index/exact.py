"""A generation that holds the vectors themselves: each is compared with the question."""

from __future__ import annotations

from typing import Any

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.filters.selection import Selection

__all__ = ["Exact"]

# Where many vectors are allowed, enough of them are among the nearest of all, which FAISS finds faster than the nearest
# of half: with a selector, which it asks for each vector, it took 2.6 times as long on a busy machine. Fetching more
# results than this costs time too.
_MAX_PROBED = 1_000


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
        """Return the nearest of the vectors in `among`, of which `allowed` are in this index."""
        wanted = min(k, allowed)
        if allowed == self.count:
            return self._search(question, wanted)
        # Twice the rank at which the last of the k may be expected, and some more because a small k varies widely.
        probed = 2 * k * self.count // allowed + 16
        if probed <= _MAX_PROBED:
            ids, scores = self._search(question, min(probed, self.count))
            chosen = among.has_vectors(ids)
            if np.count_nonzero(chosen) >= wanted:
                return ids[chosen][:wanted], scores[chosen][:wanted]
        import faiss

        # FAISS's Python constructors take other arguments than its stubs declare; the wrappers keep the array alive.
        parameters: Any = faiss.SearchParameters
        bitmap: Any = faiss.IDSelectorBitmap
        return self._search(question, wanted, parameters(sel=bitmap(among.bitmap)))

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

    def _search(self, question: Matrix, k: int, selector: Any = None) -> tuple[Ids, Matrix]:
        if selector is None:
            scores, labels = self._index.search(question[None, :], k)
        else:
            scores, labels = self._index.search(question[None, :], k, params=selector)
        if (labels < 0).any():  # FAISS returns fewer results than vectors only where a score is NaN
            raise Damaged("The index holds something that is not a vector; run: wherein repair")
        return labels[0], scores[0]

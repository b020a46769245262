"""The nearest vectors of a selection, in an index that compares every vector with the question."""

from collections.abc import Callable
from typing import Any

import numpy as np

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.filters.selection import Selection

__all__ = ["Search", "search_selected"]

# Where many vectors are allowed, enough of them are among the nearest of all, which FAISS finds faster than the nearest
# of half: with a selector, which it asks for each vector, it took 2.6 times as long on a busy machine. Fetching more
# results than this costs time too.
_MAX_PROBED = 1_000

Search = Callable[[Matrix, int, Any], tuple[Ids, Matrix]]
"""Returns ids and scores of the `n` nearest vectors to a question; the last argument is FAISS's search parameters."""


def search_selected(
    search: Search, question: Matrix, n: int, count: int, selection: Selection, allowed: int
) -> tuple[Ids, Matrix]:
    """Return ids and scores of the `n` nearest vectors of a selection, which has `allowed` of the `count`."""
    # Twice the rank at which the last may be expected, and some more because a small number varies widely.
    probed = 2 * n * count // max(allowed, 1) + 16
    if probed <= _MAX_PROBED:
        ids, scores = search(question, min(probed, count), None)
        chosen = selection.has_vectors(ids)
        if np.count_nonzero(chosen) >= n:
            return ids[chosen][:n], scores[chosen][:n]
    import faiss

    # FAISS's Python constructors take other arguments than its stubs declare; the wrappers keep the array alive.
    parameters: Any = faiss.SearchParameters
    bitmap: Any = faiss.IDSelectorBitmap
    return search(question, n, parameters(sel=bitmap(selection.bitmap)))

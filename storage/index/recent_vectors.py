"""Vectors that were read lately: of near-copies every question scores hundreds, and mostly the same ones."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np

from wherein.storage.catalog.vectors import Ids, Matrix

__all__ = ["RecentVectors"]

_MAX_BYTES = 4 << 20


class RecentVectors:
    """Vectors of one width by their ids, in at most 4 MB; for any number of threads.

    Each id has one place, where a later vector replaces an earlier one. A vector never changes, but one that was
    deleted may still be found here.
    """

    def __init__(self, dimension: int) -> None:
        places = 1 << max(0, (_MAX_BYTES // (4 * dimension)).bit_length() - 1)
        self._mask = places - 1
        self._ids = np.full(places, -1, np.int64)
        self._vectors = np.empty((places, dimension), np.float32)
        self._lock = Lock()

    def find(self, wanted: Ids, read: Callable[[Ids], tuple[Ids, Matrix]]) -> tuple[Ids, Matrix]:
        """Return those of some ids that are found, in no order, and their vectors; `read` returns those not kept."""
        with self._lock:
            at = wanted & self._mask
            is_kept = self._ids[at] == wanted
            kept = self._vectors[at[is_kept]]
        if is_kept.all():
            return wanted, kept
        ids, vectors = read(wanted[~is_kept])
        with self._lock:
            # One of those that have the same place.
            _, one = np.unique(ids & self._mask, return_index=True)
            self._ids[ids[one] & self._mask] = ids[one]
            self._vectors[ids[one] & self._mask] = vectors[one]
        return np.concatenate([wanted[is_kept], ids]), np.concatenate([kept, vectors])

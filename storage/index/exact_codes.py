"""A generation of codes that is searched as a whole: one byte for each component, and exact answers.

It is written batch by batch, in memory that does not grow with it. The file is byte for byte the one that
`faiss.write_index` writes for an `IndexIDMap` over an `IndexScalarQuantizer` (tests/storage/index/test_exact_codes.py
compares them).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from wherein.storage.catalog.vectors import UNIT_TOLERANCE, Ids, Matrix
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.filters.selection import Selection
from wherein.storage.index.codes import Codes
from wherein.storage.index.method import Method
from wherein.storage.index.selected import search_selected

__all__ = ["ExactCodes", "write_exact_codes"]

_COUNT = struct.Struct("<Q")

Parts = Callable[[], Iterable[tuple[Ids, Matrix]]]


class ExactCodes(Codes):
    """An opened `IndexIDMap` over an `IndexScalarQuantizer`."""

    def nearest(self, question: Matrix, k: int, floor: float = -np.inf) -> tuple[Ids, Matrix]:
        """Return ids and inner products of exactly the nearest vectors that are still stored, at most `k`.

        Those whose scores are below `floor` may be left out.
        """
        return self._exactly(question, k, None, self.count, floor)

    def sample(self, positions: Ids) -> Matrix:
        """Return the decoded codes `[n, dimension]` at some positions `[n]` of the index."""
        import faiss

        inner: Any = faiss.downcast_index(self._index.index)
        return np.asarray(inner.reconstruct_batch(positions), np.float32)

    def ids(self) -> Ids:
        """Return the ids of all vectors, by position."""
        import faiss

        return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def _search_all(self, question: Matrix, n: int, among: Selection | None) -> tuple[Ids, Matrix]:
        if among is None:
            return self._search(question, n)
        return search_selected(self._search, question, n, self.count, among, len(among.vectors))

    def _search(self, question: Matrix, n: int, parameters: Any = None) -> tuple[Ids, Matrix]:
        scores, labels = self._index.search(question[None, :], n, params=parameters)
        return labels[0], scores[0]


def write_exact_codes(path: Path, count: int, dimension: int, parts: Parts) -> tuple[Method, str] | None:
    """Write the codes of `count` vectors, unflushed; return how they are searched, and the SHA-256 of the file.

    `parts()` yields their ids `[n]` and float32 `[n, dimension]`, and is called twice: the range of each component is
    needed first. Return None, and write nothing, if there is no vector, or one that is not of length 1: it may be so
    long that the bound of its error excludes no other. Raises ValueError when there are not `count` vectors.
    """
    ranges = _ranges(dimension, parts()) if count else None
    if ranges is None:
        return None
    index = _empty_index(dimension, *ranges)
    codes: Any = index.sq
    head = _head(index, count)
    digest, error, ids = hashlib.sha256(), 0.0, []
    with path.open("wb") as file:

        def write(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        write(head)
        for part_ids, vectors in parts():
            ids.append(part_ids)
            encoded = codes.compute_codes(vectors)
            error = max(error, float(np.linalg.norm(vectors - codes.decode(encoded), axis=1).max()))
            write(encoded.tobytes())
        all_ids = np.concatenate(ids) if ids else np.empty(0, np.int64)
        if len(all_ids) != count:
            raise ValueError(f"{len(all_ids)} vectors instead of {count}")
        write(_COUNT.pack(count) + all_ids.astype("<i8").tobytes())
    failpoint("generation.written")
    method = Method(error=error, head=len(head), head_sha256=hashlib.sha256(head).hexdigest())
    return method, digest.hexdigest()


def _ranges(dimension: int, parts: Iterable[tuple[Ids, Matrix]]) -> tuple[Matrix, Matrix] | None:
    """Return the lowest and the highest value of each component `[dimension]`; None if a vector is not of length 1."""
    lowest, highest = np.full(dimension, np.inf, np.float32), np.full(dimension, -np.inf, np.float32)
    for _, vectors in parts:
        if not np.abs(np.linalg.norm(vectors, axis=1) - 1).max() <= UNIT_TOLERANCE:  # negated: NaN is not 1 either
            return None
        lowest, highest = np.minimum(lowest, vectors.min(axis=0)), np.maximum(highest, vectors.max(axis=0))
    return lowest, highest


def _empty_index(dimension: int, lowest: Matrix, highest: Matrix) -> Any:
    """Return an index without vectors, whose codes divide these ranges into 255 equal steps."""
    import faiss

    index: Any = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    faiss.copy_array_to_vector(np.concatenate([lowest, highest - lowest]), index.sq.trained)
    index.is_trained = True
    return index


def _head(index: Any, count: int) -> bytes:
    """Return what FAISS writes before the codes of `count` vectors."""
    import faiss

    with_ids: Any = faiss.IndexIDMap(index)
    with_ids.ntotal = index.ntotal = count
    empty = faiss.serialize_index(with_ids).tobytes()
    # It ends with two numbers: those of the bytes of all codes, and of the ids.
    return bytes(empty[: -2 * _COUNT.size] + _COUNT.pack(count * index.d))

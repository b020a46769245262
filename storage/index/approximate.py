"""A generation that holds one byte for each component of a vector: candidates are rescored with the stored vectors.

Two kinds of file, both written by FAISS: an `IndexIVFScalarQuantizer`, whose vectors are in lists around centroids, of
which those nearest to a question are searched; and an `IndexIDMap` over an `IndexHNSWSQ`, a graph that is walked
towards the question. Scores are always exact, and with a filter so is the set of results; without one, some of the
nearest vectors may be missed: how many is measured when the file is written (storage/index/tuning.py).
"""

from __future__ import annotations

import hashlib
import os
import struct
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids, Matrix, find_vectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.faiss_file import read_index
from wherein.storage.index.method import IVF, Method

__all__ = ["Approximate", "check_approximate", "open_approximate", "search_parameters", "tail_size"]

# FAISS and NumPy add in different orders.
_ROUNDING = 1e-5
# Candidates fetched beyond those that are wanted, at first, when the answer must be exact.
_MARGIN = 48


class Approximate:
    """An opened index of one model's vectors, and the catalog that they are stored in; use it inside `snapshot`."""

    def __init__(self, index: Any, method: Method, db: Catalog, model: StoredModel) -> None:
        self._index = index
        self._method = method
        self._db = db
        self._model = model
        self.count: int = index.ntotal

    def read_from(self, db: Catalog) -> Approximate:
        """Return the same index over another connection to the same catalog."""
        if db is self._db:
            return self
        other = copy(self)
        other._db = db
        return other

    def nearest(self, question: Matrix, k: int) -> tuple[Ids, Matrix]:
        """Return ids and inner products of the nearest vectors that the index finds, at most `k`.

        Vectors that are no longer stored are left out. Raises Damaged when the index contradicts a stored vector.
        """
        step = self._method.step(k)
        wanted, effort = min(step.candidates, self.count), step.effort
        while True:
            ids, scores = self._search(question, wanted, effort)
            if len(ids) >= wanted or effort >= self._max_effort():
                break
            effort = min(4 * effort, self._max_effort())  # the lists that were searched hold fewer
        # The links of a graph may not lead to every vector: then all codes are scored.
        if len(ids) < wanted:
            ids, scores = self._scan(question, wanted)
        return _best(*self._rescored(question, ids, scores), k)

    def among(self, question: Matrix, k: int, among: Selection, allowed: int) -> tuple[Ids, Matrix]:
        """Return exactly the nearest of the vectors in `among`, of which `allowed` are in this index.

        Every allowed code is scored. No vector's score differs from its code's by more than `error` times the
        question's length, so that beyond some rank no code can belong to a better vector than those already found.
        """
        slack = self._max_deviation(question)
        wanted = k + _MARGIN
        while True:
            wanted = min(wanted, allowed)
            ids, scores = self._scan(question, wanted, among)
            found, exact = _best(*self._rescored(question, ids, scores), k)
            if wanted == allowed or (len(found) == k and scores[-1] + slack < exact[-1]):
                return found, exact
            wanted *= 4

    def sample(self, positions: Ids) -> Matrix:
        """Return the decoded codes `[n, dimension]` at some ascending positions `[n]` of the index."""
        import faiss

        if self._method.name != IVF:
            graph: Any = faiss.downcast_index(self._index.index)
            return np.asarray(graph.storage.reconstruct_batch(positions), np.float32)
        lists = np.searchsorted(self._starts, positions, "right") - 1
        offsets = positions - self._starts[lists]
        vectors = np.empty((len(positions), self._index.d), np.float32)
        for row, (number, offset) in enumerate(zip(lists.tolist(), offsets.tolist(), strict=True)):
            self._index.reconstruct_from_offset(number, offset, faiss.swig_ptr(vectors[row]))
        return vectors

    @cached_property
    def _starts(self) -> Ids:
        """The position of the first vector of each list."""
        sizes = [self._index.invlists.list_size(number) for number in range(self._index.nlist)]
        return np.cumsum([0, *sizes[:-1]], dtype=np.int64)

    def ids(self) -> Ids:
        """Return the ids of all vectors, by position."""
        import faiss

        if self._method.name != IVF:
            return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()  # a view of FAISS's memory
            for number in range(self._index.nlist)
            if (size := lists.list_size(number))
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _max_effort(self) -> int:
        return int(self._index.nlist) if self._method.name == IVF else self.count

    def _max_deviation(self, question: Matrix) -> float:
        """Return by how much the score of a code may differ from that of its vector (Cauchy-Schwarz inequality)."""
        length = float(np.linalg.norm(question))
        return length * (self._method.error + _ROUNDING)

    def _search(self, question: Matrix, n: int, effort: int) -> tuple[Ids, Matrix]:
        """Return the ids and the codes' scores of the `n` best that `effort` finds; it may find fewer."""
        parameters = search_parameters(self._method.name, effort, n)
        scores, labels = self._index.search(question[None, :], n, params=parameters)
        found = labels[0] >= 0  # FAISS fills up with -1
        return labels[0][found], scores[0][found]

    def _scan(self, question: Matrix, n: int, among: Selection | None = None) -> tuple[Ids, Matrix]:
        """Return the ids and scores of the `n` best codes of all, or of those in `among`."""
        import faiss

        bitmap: Any = faiss.IDSelectorBitmap
        if self._method.name == IVF:
            ivf: Any = faiss.SearchParametersIVF
            parameters = ivf(nprobe=self._index.nlist, sel=bitmap(among.bitmap) if among is not None else None)
            scores, labels = self._index.search(question[None, :], n, params=parameters)
        else:
            scores, labels = self._scan_graph(question, n, among)
        if (labels < 0).any():  # fewer than are registered
            raise Damaged("The index lacks vectors that were written to it; run: wherein repair")
        return labels[0], scores[0]

    def _scan_graph(self, question: Matrix, n: int, among: Selection | None) -> tuple[Matrix, Ids]:
        """Return scores and ids `[1, n]` by all codes, without the graph; -1 where there are fewer."""
        import faiss

        ids = self.ids()
        graph: Any = faiss.downcast_index(self._index.index)
        flat: Any = faiss.downcast_index(graph.storage)
        if among is None:
            scores, positions = flat.search(question[None, :], n)
        else:
            bitmap: Any = faiss.IDSelectorBitmap
            parameters: Any = faiss.SearchParameters
            marks = np.packbits(among.has_vectors(ids), bitorder="little")
            scores, positions = flat.search(question[None, :], n, params=parameters(sel=bitmap(marks)))
        return scores, np.where(positions < 0, positions, ids[positions])

    def _rescored(self, question: Matrix, ids: Ids, scores: Matrix) -> tuple[Ids, Matrix]:
        """Return those of `ids` that are stored, and their exact scores."""
        order = np.argsort(ids)
        ids, scores = ids[order], scores[order]
        repeated = ids[1:][ids[1:] == ids[:-1]]
        if len(repeated):
            raise Damaged(f"The index holds vector {repeated[0]} twice; run: wherein repair")
        found, vectors = find_vectors(self._db, self._model.id, self._model.dimension, ids)
        exact = np.einsum("ij,j->i", vectors, question)  # not `@`: see vector_index.py
        # Negated, so that NaN counts as wrong too.
        wrong = ~(np.abs(exact - scores[np.searchsorted(ids, found)]) <= self._max_deviation(question))
        if wrong.any():
            raise Damaged(f"The index holds another vector {found[wrong][0]} than is stored; run: wherein repair")
        return found, exact


def search_parameters(name: str, effort: int, n: int) -> Any:
    """Return FAISS's parameters of a search for `n` vectors; its stubs do not know their constructors."""
    import faiss

    if name == IVF:
        ivf: Any = faiss.SearchParametersIVF
        return ivf(nprobe=effort)
    # FAISS keeps at least as many nodes as results are wanted, whatever `efSearch` says.
    return faiss.SearchParametersHNSW(efSearch=max(effort, n))  # type: ignore[attr-defined]


def open_approximate(path: Path, method: Method) -> Any:
    """Return the FAISS index of a file, memory-mapped. Call `check_approximate` first."""
    import faiss

    if method.name != IVF:
        # This flag also maps the codes of flat indexes and graphs, IO_FLAG_MMAP only the lists of an IVF index.
        return read_index(path, faiss.IO_FLAG_MMAP_IFC)
    index: Any = read_index(path, faiss.IO_FLAG_MMAP)
    # Else each question starts 32 threads to read ahead, which takes 3 ms even when the lists are in memory.
    lists: Any = faiss.downcast_InvertedLists(index.invlists)
    lists.prefetch_nthread = 0
    return index


def check_approximate(path: Path, count: int, method: Method) -> int:
    """Return the dimension of the index in a file, after a check of everything that FAISS trusts.

    A damaged code or id is noticed when a search returns it, by the score of the stored vector. Raises ValueError when
    the file is not laid out as it was written, OSError when it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(method.head)
        if len(head) != method.head or hashlib.sha256(head).hexdigest() != method.head_sha256:
            raise ValueError("its header is not what was registered")
        (dimension,) = struct.unpack_from("<i", head, 4)
        size = os.fstat(file.fileno()).st_size
        expected = method.head + tail_size(method.name, count, dimension)
        if size != expected:
            raise ValueError(f"it has {size:,} bytes instead of {expected:,}")
        if method.name != IVF:
            file.seek(-8 * (count + 1), os.SEEK_END)
            if file.read(8) != struct.pack("<Q", count):
                raise ValueError(f"it does not have {count:,} ids")
    return int(dimension)


def tail_size(method_name: str, count: int, dimension: int) -> int:
    """Return the number of bytes at the end of a file that are codes and ids."""
    return count * (dimension + 8) + (0 if method_name == IVF else 8)


def _best(ids: Ids, scores: Matrix, k: int) -> tuple[Ids, Matrix]:
    best = np.lexsort((ids, -scores))[:k]  # `lexsort` sorts by its last key first: equal scores by id
    return ids[best], scores[best]

"""A generation that keeps a byte for each number of a vector: its candidates are scored again from the stored vectors.

Two kinds of file, both written by FAISS: an `IndexIVFScalarQuantizer`, whose vectors lie in lists around centroids, of
which the nearest to a question are looked at; and an `IndexIDMap` over an `IndexHNSWSQ`, a graph that is walked towards
the question. What is found has an exact score in any case, and is all there is for a filter; without one, some of the
nearest may be missed, how many of them being measured when the file is written (storage/index/tuning.py).
"""

from __future__ import annotations

import hashlib
import os
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids, Matrix, find_vectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.method import IVF, Method

__all__ = ["Approximate", "check_approximate", "open_approximate", "search_parameters", "tail_size"]

# The index, this module and NumPy add in another order.
_ROUNDING = 1e-5
# So many more than are wanted are looked at first when the answer has to be exact.
_MARGIN = 48


class Approximate:
    """An opened index of one model's vectors, and the catalogue that they are stored in.

    It is asked inside `reading`, like everything that reads the catalogue.
    """

    def __init__(self, index: Any, method: Method, db: Catalog, model: StoredModel) -> None:
        self._index = index
        self._method = method
        self._db = db
        self._model = model
        self.count: int = index.ntotal

    def nearest(self, question: Matrix, k: int) -> tuple[Ids, Matrix]:
        """Return ids and inner products of the nearest vectors, at most `k`, as far as the index finds them.

        What is stored no more is left out. Raises Damaged when the index has another vector than is stored.
        """
        step = self._method.step(k)
        wanted, effort = min(step.candidates, self.count), step.effort
        while True:
            ids, scores = self._search(question, wanted, effort)
            if len(ids) >= wanted or effort >= self._most():
                break
            effort = min(4 * effort, self._most())  # the lists that were looked at hold fewer
        if len(ids) < wanted:
            ids, scores = self._scan(question, wanted)
        return _best(*self._rescored(question, ids, scores), k)

    def among(self, question: Matrix, k: int, among: Selection, allowed: int) -> tuple[Ids, Matrix]:
        """Return the nearest of the vectors in `among`, of which `allowed` are in this index; all there are.

        Every allowed code is looked at. No vector's score differs from its code's by more than `error` times the
        question's length, so that from some place on none can be better than what was found.
        """
        distances = self._apart(question)
        looked = k + _MARGIN
        while True:
            looked = min(looked, allowed)
            ids, scores = self._scan(question, looked, among)
            found, exact = _best(*self._rescored(question, ids, scores), k)
            if looked == allowed or (len(found) == k and scores[-1] + distances < exact[-1]):
                return found, exact
            looked *= 4

    def sample(self, places: Ids) -> Matrix:
        """Return what the codes at some ascending places `[n]` of the index stand for."""
        import faiss

        if self._method.name != IVF:
            graph: Any = faiss.downcast_index(self._index.index)
            return np.asarray(graph.storage.reconstruct_batch(places), np.float32)
        lists = np.searchsorted(self._starts, places, "right") - 1
        offsets = places - self._starts[lists]
        vectors = np.empty((len(places), self._index.d), np.float32)
        for row, (number, offset) in enumerate(zip(lists.tolist(), offsets.tolist(), strict=True)):
            self._index.reconstruct_from_offset(number, offset, faiss.swig_ptr(vectors[row]))
        return vectors

    @cached_property
    def _starts(self) -> Ids:
        """At which place each list begins."""
        sizes = [self._index.invlists.list_size(number) for number in range(self._index.nlist)]
        return np.cumsum([0, *sizes[:-1]], dtype=np.int64)

    def ids(self) -> Ids:
        """Return the ids of all vectors in the order of their places."""
        import faiss

        if self._method.name != IVF:
            return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(self._index.nlist)
            if (size := lists.list_size(number))
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _most(self) -> int:
        return int(self._index.nlist) if self._method.name == IVF else self.count

    def _apart(self, question: Matrix) -> float:
        """Return by how much the score of a code may differ from that of its vector (Cauchy and Schwarz)."""
        length = float(np.linalg.norm(question))
        return length * (self._method.error + _ROUNDING)

    def _search(self, question: Matrix, n: int, effort: int) -> tuple[Ids, Matrix]:
        """Return the ids and the codes' scores of the `n` best that `effort` finds, fewer if it finds fewer."""
        parameters = search_parameters(self._method.name, effort, n)
        scores, labels = self._index.search(question[None, :], n, params=parameters)
        there = labels[0] >= 0
        return labels[0][there], scores[0][there]

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
            raise Damaged("The index lacks vectors that it was made of; run: wherein repair")
        return labels[0], scores[0]

    def _scan_graph(self, question: Matrix, n: int, among: Selection | None) -> tuple[Matrix, Ids]:
        """Return scores and ids `[1, n]` by the codes alone, past the graph; -1 where there are fewer."""
        import faiss

        ids = self.ids()
        graph: Any = faiss.downcast_index(self._index.index)
        flat: Any = faiss.downcast_index(graph.storage)
        if among is None:
            scores, places = flat.search(question[None, :], n)
        else:
            bitmap: Any = faiss.IDSelectorBitmap
            parameters: Any = faiss.SearchParameters
            marks = np.packbits(among.has_vectors(ids), bitorder="little")
            scores, places = flat.search(question[None, :], n, params=parameters(sel=bitmap(marks)))
        return scores, np.where(places < 0, places, ids[places])

    def _rescored(self, question: Matrix, ids: Ids, scores: Matrix) -> tuple[Ids, Matrix]:
        """Return those of `ids` that are stored, and their exact scores."""
        order = np.argsort(ids)
        ids, scores = ids[order], scores[order]
        twice = np.flatnonzero(ids[1:] == ids[:-1])
        if len(twice):
            raise Damaged(f"The index holds vector {ids[twice[0]]} twice; run: wherein repair")
        found, vectors = find_vectors(self._db, self._model.id, self._model.dimension, ids)
        exact = np.einsum("ij,j->i", vectors, question)
        wrong = ~(np.abs(exact - scores[np.searchsorted(ids, found)]) <= self._apart(question))
        if wrong.any():  # or one of the two is no number
            raise Damaged(f"The index holds another vector {found[wrong][0]} than is stored; run: wherein repair")
        return found, exact


def search_parameters(name: str, effort: int, n: int) -> Any:
    """Return FAISS's parameters of a search for `n` vectors. Its stubs do not know how they are made."""
    import faiss

    if name == IVF:
        ivf: Any = faiss.SearchParametersIVF
        return ivf(nprobe=effort)
    return faiss.SearchParametersHNSW(efSearch=max(effort, n))  # type: ignore[attr-defined]


def open_approximate(path: Path, method: Method) -> Any:
    """Return the index of a file that `check_approximate` has looked at, memory-mapped."""
    import faiss

    if method.name != IVF:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    # Else each question starts 32 threads that read ahead, which takes 3 ms where the lists are in memory.
    lists: Any = faiss.downcast_InvertedLists(index.invlists)
    lists.prefetch_nthread = 0
    return index


def check_approximate(path: Path, count: int, method: Method) -> int:
    """Return the dimension of the index in a file, after a look at all of it that FAISS trusts.

    A code or an id that is damaged is noticed when it is met: what its vector scores is known from the catalogue.
    Raises ValueError when it is not laid out as it was written, OSError when it cannot be read.
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
    """Return how many bytes of a file are codes and ids; they are its last."""
    return count * (dimension + 8) + (0 if method_name == IVF else 8)


def _best(ids: Ids, scores: Matrix, k: int) -> tuple[Ids, Matrix]:
    best = np.lexsort((ids, -scores))[:k]
    return ids[best], scores[best]

"""A generation of codes that is searched in part, by lists or by a graph.

Two kinds of file, both written by FAISS: an `IndexIVFScalarQuantizer`, whose vectors are in lists around centroids, of
which those nearest to a question are searched; and an `IndexIDMap` over an `IndexHNSWSQ`, a graph that is walked
towards the question. Scores are always exact, and with a filter so is the set of results; without one, some of the
nearest vectors may be missed: how many is measured when the file is written (storage/index/tuning.py).
"""

from __future__ import annotations

import hashlib
import os
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.filters.selection import Selection
from wherein.storage.index.codes import Codes, best_of
from wherein.storage.index.faiss_file import read_index
from wherein.storage.index.method import EXACT, IVF, Method

__all__ = ["Approximate", "check_codes", "open_approximate", "search_parameters", "tail_size"]


class Approximate(Codes):
    """An opened index of lists or of a graph."""

    def nearest(self, question: Matrix, k: int, floor: float = -np.inf) -> tuple[Ids, Matrix]:
        """Return ids and inner products of the nearest vectors that the index finds, at most `k`.

        Vectors that are no longer stored may be left out; `floor` is not used. Raises Damaged when the index
        contradicts a stored vector.
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
        return best_of(*self._rescored(question, ids, scores), k)

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

    def _search(self, question: Matrix, n: int, effort: int) -> tuple[Ids, Matrix]:
        """Return the ids and the codes' scores of the `n` best that `effort` finds; it may find fewer."""
        parameters = search_parameters(self._method.name, effort, n)
        scores, labels = self._index.search(question[None, :], n, params=parameters)
        found = labels[0] >= 0  # FAISS fills up with -1
        return labels[0][found], scores[0][found]

    def _search_all(self, question: Matrix, n: int, among: Selection | None) -> tuple[Ids, Matrix]:
        import faiss

        bitmap: Any = faiss.IDSelectorBitmap
        if self._method.name == IVF:
            ivf: Any = faiss.SearchParametersIVF
            parameters = ivf(nprobe=self._index.nlist, sel=bitmap(among.bitmap) if among is not None else None)
            scores, labels = self._index.search(question[None, :], n, params=parameters)
        else:
            scores, labels = self._scan_graph(question, n, among)
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


def search_parameters(name: str, effort: int, n: int) -> Any:
    """Return FAISS's parameters of a search for `n` vectors; its stubs do not know their constructors."""
    import faiss

    if name == IVF:
        ivf: Any = faiss.SearchParametersIVF
        return ivf(nprobe=effort)
    # FAISS keeps at least as many nodes as results are wanted, whatever `efSearch` says.
    return faiss.SearchParametersHNSW(efSearch=max(effort, n))  # type: ignore[attr-defined]


def open_approximate(path: Path, method: Method) -> Any:
    """Return the FAISS index of a file, memory-mapped. Call `check_codes` first."""
    import faiss

    if method.name != IVF:
        # This flag also maps the codes of flat indexes and graphs, IO_FLAG_MMAP only the lists of an IVF index.
        return read_index(path, faiss.IO_FLAG_MMAP_IFC)
    index: Any = read_index(path, faiss.IO_FLAG_MMAP)
    # Else each question starts 32 threads to read ahead, which takes 3 ms even when the lists are in memory.
    lists: Any = faiss.downcast_InvertedLists(index.invlists)
    lists.prefetch_nthread = 0
    return index


def check_codes(path: Path, count: int, highest: int, method: Method) -> int:
    """Return the dimension of the index of codes in a file, after a check of everything that FAISS trusts.

    In an exact index the last id is `highest`. A damaged code or id is noticed when a search returns it, by the score
    of the stored vector. Raises ValueError when the file is not laid out as it was written, OSError when it cannot be
    read.
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
        if method.name == EXACT:
            file.seek(-8, os.SEEK_END)
            (last,) = struct.unpack("<q", file.read(8))
            if last != highest:
                raise ValueError(f"its last id is {last} instead of {highest}")
    return int(dimension)


def tail_size(method_name: str, count: int, dimension: int) -> int:
    """Return the number of bytes at the end of a file that are codes and ids."""
    return count * (dimension + 8) + (0 if method_name == IVF else 8)

"""Writing the file of a generation of vectors: all of them as they are, or a code for each, ready to be searched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt
from pathlib import Path
from typing import IO, Any

import numpy as np

from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids, Matrix, count_vectors, find_vectors, read_vectors, stored_ids
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.index.approximate import open_approximate, search_parameters, tail_size
from wherein.storage.index.flat_file import write_flat
from wherein.storage.index.method import EXACT, IVF, Earlier, Method, Step, method_for
from wherein.storage.index.tuning import MOST, TARGET, GroundTruth, synthetic_queries, tune

__all__ = ["write_index"]

# So many lists for the root of the number of vectors, each trained by so many of these: more lists, of which a smaller
# part need be looked at, take longer to make.
_LISTS, _TRAINED_BY, _ITERATIONS = 6, 40, 10
# Lists that were made for a library of half the size serve as well.
_OUTGROWN = 1.42
_LINKS, _BUILT_WITH, _GRAPH_SAMPLE = 16, 100, 100_000
_QUESTIONS = 1_000
# By this part of their range, seen in the sample, the numbers of other vectors may lie outside of it: else one vector
# that stands out makes the error large, which is that of the worst.
_SPARE_RANGE = 0.25
_UNIT = 1e-3
_SEED = 20_261
_BATCH, _AT_ONCE = 16_384, 500


def write_index(
    db: Catalog, path: Path, model: StoredModel, count: int, earlier: Earlier | None = None, *, append: bool = False
) -> tuple[Method, str]:
    """Write all `count` vectors of a model to a new file, unflushed; return how it is searched, and its SHA-256.

    It is an exact index also where an approximate one was asked for and would miss too much, or where the vectors have
    another length than 1, so that those near to a question do not lie together. The lists of an `earlier` index of the
    same model, whose header was checked, are used again unless the library has doubled or halved since. With `append`
    its codes are as well, if nothing of it is gone, and what is looked into stays as it was tuned then: a bulk run
    writes many generations, and none of them is there for long. Memory is
    needed for the codes and what they are trained by (docs/decisions/index-kinds.md). Raises ValueError when there are
    not `count`.
    """
    asked = method_for(db, count, model.dimension)
    method = Method(asked=asked)
    if asked != EXACT:
        with _all_cores():
            method, digest = _write_approximate(db, path, model, count, asked, earlier, append)
        if method.name != EXACT:
            return method, digest
    return method, write_flat(path, count, model.dimension, read_vectors(db, model.id, model.dimension))


def _write_approximate(
    db: Catalog, path: Path, model: StoredModel, count: int, name: str, earlier: Earlier | None, append: bool
) -> tuple[Method, str]:
    size = max(1, min(_LISTS * isqrt(count), count // _TRAINED_BY)) if name == IVF else _LINKS
    if name != IVF or earlier is None or earlier.method.name != IVF or not _serves(earlier.method.size, size):
        earlier = None
    if append and earlier and _is_whole(db, model, earlier):
        coded = _Coded(name, earlier.method.size, model.dimension)
        coded.go_on_with(earlier)
        for part_ids, vectors in read_vectors(db, model.id, model.dimension, earlier.highest_id, batch=_BATCH):
            coded.add(part_ids, vectors)
        if coded.count != count:
            raise ValueError(f"{coded.count} vectors instead of {count}")
        return _written(coded, path, name, count, model.dimension, earlier.method.size, earlier.method.steps)
    ids = stored_ids(db, model.id)
    if len(ids) != count:
        raise ValueError(f"{len(ids)} vectors instead of {count}")
    chance = np.random.default_rng(_SEED)
    some = _drawn(db, model, ids, chance, min(count, 2 * _QUESTIONS))
    if np.abs(np.linalg.norm(some, axis=1) - 1).max() > _UNIT:
        return Method(asked=name), ""
    if earlier:
        size = earlier.method.size
        coded = _Coded(name, size, model.dimension)
        coded.train_as(open_approximate(earlier.path, earlier.method))
    else:
        coded = _Coded(name, size, model.dimension)
        coded.train(_drawn(db, model, ids, chance, min(count, size * _TRAINED_BY if name == IVF else _GRAPH_SAMPLE)))
    truth = GroundTruth(synthetic_queries(some, name))
    for part_ids, vectors in read_vectors(db, model.id, model.dimension, batch=_BATCH):
        coded.add(part_ids, vectors)
        truth.show(part_ids, vectors)
    steps = tune(truth, coded.search, coded.most, coded.least)
    if min(step.recall for step in steps) < TARGET:
        return Method(asked=name, steps=steps), ""
    return _written(coded, path, name, count, model.dimension, size, steps)


def _written(
    coded: _Coded, path: Path, name: str, count: int, dimension: int, size: int, steps: tuple[Step, ...]
) -> tuple[Method, str]:
    """Write what was made; return how it is searched, and its SHA-256."""
    digest = coded.write(path)
    failpoint("generation.written")
    head = path.stat().st_size - tail_size(name, count, dimension)
    with path.open("rb") as file:
        head_sha256 = hashlib.sha256(file.read(head)).hexdigest()
    return Method(name, name, size, steps, coded.error, head, head_sha256), digest


def _is_whole(db: Catalog, model: StoredModel, earlier: Earlier) -> bool:
    """Whether a file has all vectors up to its highest id and no other, and is what was written, code by code."""
    if count_vectors(db, model.id, upto=earlier.highest_id) != earlier.count:
        return False
    with earlier.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == earlier.sha256


def _serves(earlier: int, size: int) -> bool:
    """Whether so many lists do where `size` would be made."""
    return earlier <= _OUTGROWN * size and size <= _OUTGROWN * earlier


def _drawn(db: Catalog, model: StoredModel, ids: Ids, chance: np.random.Generator, n: int) -> Matrix:
    """Return `n` of the vectors with these ids, in an order of chance."""
    chosen = chance.choice(ids, n, replace=False)
    order = np.argsort(chosen)
    drawn = np.empty((n, model.dimension), np.float32)
    for first in range(0, n, _AT_ONCE):
        places = order[first : first + _AT_ONCE]
        found, vectors = find_vectors(db, model.id, model.dimension, chosen[places])
        if len(found) != len(places):
            raise ValueError(f"{len(places) - len(found)} vectors are missing")
        drawn[places] = vectors[np.argsort(found)]
    return drawn


class _Coded:
    """An index that is being made: its codes are in memory."""

    def __init__(self, name: str, size: int, dimension: int) -> None:
        import faiss

        byte, product = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        self._name = name
        self._index: Any
        self.error = 0.0
        if name == IVF:
            self._centroids: Any = faiss.IndexFlatIP(dimension)
            self._index = faiss.IndexIVFScalarQuantizer(self._centroids, dimension, size, byte, product)
            self._index.cp.niter = _ITERATIONS
            self._index.cp.min_points_per_centroid = 1
            self._codes: Any = self._index.sq
        else:
            graph: Any = faiss.IndexHNSWSQ  # whose stubs are wrong
            self._graph = graph(dimension, byte, size, product)
            self._graph.hnsw.efConstruction = _BUILT_WITH
            self._index = faiss.IndexIDMap(self._graph)
            storage: Any = faiss.downcast_index(self._graph.storage)
            self._codes = storage.sq

        self._codes.rangestat_arg = _SPARE_RANGE

    @property
    def most(self) -> int:
        """The greatest effort that makes a difference, or that is worth it."""
        return int(self._index.nlist) if self._name == IVF else 2_000

    @property
    def least(self) -> int:
        """The effort for each vector that is wanted: a graph's is never less than the number of candidates."""
        return 0 if self._name == IVF else MOST

    def train(self, sample: Matrix) -> None:
        self._index.train(sample)

    def train_as(self, earlier: Any) -> None:
        """Take over lists and codes of an index of vectors like these."""
        self._centroids.add(earlier.quantizer.reconstruct_n(0, earlier.nlist))
        self._codes.trained = earlier.sq.trained
        self._index.is_trained = True

    def go_on_with(self, earlier: Earlier) -> None:
        """Take over an index of lists with all that is in it."""
        import faiss

        self._index = faiss.read_index(str(earlier.path))
        self._centroids = faiss.downcast_index(self._index.quantizer)
        self._codes = self._index.sq
        self.error = earlier.method.error

    @property
    def count(self) -> int:
        """How many vectors are in it."""
        return int(self._index.ntotal)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        import faiss

        rest = vectors
        if self._name == IVF:
            _, lists = self._centroids.search(vectors, 1)
            self._index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, lists)))
            rest = vectors - self._centroids.reconstruct_batch(lists[:, 0])
        else:
            self._index.add_with_ids(vectors, ids)
        lost = rest - self._codes.decode(self._codes.compute_codes(rest))
        self.error = max(self.error, float(np.linalg.norm(lost, axis=1).max()))

    def search(self, questions: Matrix, effort: int, n: int) -> Ids:
        n = min(n, self._index.ntotal)
        parameters = search_parameters(self._name, effort, n)
        labels: Ids = self._index.search(questions, n, params=parameters)[1]
        return labels

    def write(self, path: Path) -> str:
        """Write the index and return its SHA-256. Raises OSError when there is no room."""
        import faiss

        with path.open("wb") as file:
            sink = _Sink(file)
            try:
                writer = faiss.PyCallbackIOWriter(sink.write, 1 << 20)  # type: ignore[attr-defined]
                faiss.write_index(self._index, writer)
                del writer
            except RuntimeError:
                if sink.failed:
                    raise sink.failed from None
                raise
            if sink.failed:
                raise sink.failed
        return sink.digest.hexdigest()


class _Sink:
    """A file and its SHA-256. FAISS makes text of an exception, so that it is kept here."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.failed: BaseException | None = None

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self.digest.update(data)
        except BaseException as error:  # no room, or the user wants to stop
            self.failed = error
            raise


@contextmanager
def _all_cores() -> Iterator[None]:
    """Let FAISS use every core of this process; a question has one (storage/index/generation_files.py)."""
    import faiss

    before = faiss.omp_get_max_threads()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    faiss.omp_set_num_threads(cores)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)

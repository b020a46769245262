"""Writing the file of a generation of vectors: a code for each, or the vectors themselves where codes would not do."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import isqrt
from pathlib import Path
from typing import IO, Any

import numpy as np

from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import (
    UNIT_TOLERANCE,
    Ids,
    Matrix,
    count_vectors,
    find_vectors,
    read_vectors,
    stored_ids,
)
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.index.approximate import open_approximate, search_parameters, tail_size
from wherein.storage.index.exact_codes import write_exact_codes
from wherein.storage.index.faiss_file import read_index
from wherein.storage.index.flat_file import write_flat
from wherein.storage.index.method import EXACT, IVF, Earlier, Method, Step, method_for
from wherein.storage.index.tuning import MAX_CANDIDATES, TARGET, GroundTruth, synthetic_queries, tune

__all__ = ["write_exact", "write_index"]

# How many lists for the root of the number of vectors, and how many vectors each is trained with: more lists, of which
# a smaller part has to be searched, take longer to make.
_LISTS_PER_ROOT, _TRAINING_PER_LIST, _ITERATIONS = 6, 40, 10
# Lists are reused until their number is off by this factor, which is when the library has doubled or halved.
_OUTGROWN = 1.42
_LINKS, _EF_CONSTRUCTION, _GRAPH_TRAINING = 16, 100, 100_000
_GRAPH_MAX_EFFORT = 2_000
_QUESTIONS = 1_000
# The range of each component in the sample is widened by this part of itself, for vectors that lie outside of it: else
# a single outlier makes the error, which is that of the worst vector, large.
_SPARE_RANGE = 0.25
_SEED = 20_261
_READ_BATCH, _SAMPLE_BATCH = 16_384, 500

_Steps = tuple[Step, ...]


def write_index(
    db: Catalog, path: Path, model: StoredModel, count: int, earlier: Earlier | None = None, *, append: bool = False
) -> tuple[Method, str]:
    """Write all `count` vectors of a model to a new file, unflushed; return how it is searched, and its SHA-256.

    The index is exact also where an approximate one was requested but would miss too much, or where the vectors are not
    of length 1, so that those near to a question do not lie together. The lists of an `earlier` index of the same
    model, whose header was checked, are reused unless the library has doubled or halved since. With `append` its codes
    are reused too, if none of its vectors is gone, and the effort of a search stays as it was tuned then: a bulk run
    writes many generations, each of which is soon replaced. Memory is needed for the codes and for the vectors that
    they are trained with (docs/decisions/index-kinds.md). Raises ValueError when there are not `count` vectors.
    """
    asked = method_for(db, count, model.dimension)
    method = Method(asked=asked)
    if asked != EXACT:
        with _all_cores():
            method, digest = _write_approximate(db, path, model, count, asked, earlier, append)
        if method.name != EXACT:
            return method, digest
    exact, digest = write_exact(db, path, model, count)
    return replace(exact, asked=asked, steps=method.steps), digest


def write_exact(
    db: Catalog, path: Path, model: StoredModel, count: int, above: int = 0, upto: int | None = None
) -> tuple[Method, str]:
    """Write an exact index of the `count` vectors of a model over id `above`, up to `upto`; see `write_index`."""
    parts = partial(read_vectors, db, model.id, model.dimension, above, upto=upto)
    return write_exact_codes(path, count, model.dimension, parts) or (
        Method(),
        write_flat(path, count, model.dimension, parts()),
    )


def _write_approximate(
    db: Catalog, path: Path, model: StoredModel, count: int, name: str, earlier: Earlier | None, append: bool
) -> tuple[Method, str]:
    """Write an approximate index; return the exact method and no hash, and write nothing, where it would not do."""
    size = max(1, min(_LISTS_PER_ROOT * isqrt(count), count // _TRAINING_PER_LIST)) if name == IVF else _LINKS
    if earlier and not _is_reusable(earlier, name, size):
        earlier = None
    if append and earlier and _is_intact(db, model, earlier):
        builder, steps = _extend(db, model, earlier), earlier.method.steps
    else:
        sampler = _Sampler(db, model, count)
        some = sampler.draw(2 * _QUESTIONS)
        if np.abs(np.linalg.norm(some, axis=1) - 1).max() > UNIT_TOLERANCE:
            return Method(asked=name), ""
        builder = _trained(sampler, name, size, earlier)
        steps = _fill_and_tune(db, model, builder, GroundTruth(synthetic_queries(some, name)))
        if min(step.recall for step in steps) < TARGET:
            return Method(asked=name, steps=steps), ""
    if builder.count != count:
        raise ValueError(f"{builder.count} vectors instead of {count}")
    return _write(builder, path, steps)


def _extend(db: Catalog, model: StoredModel, earlier: Earlier) -> _IndexBuilder:
    """Return an earlier index with the vectors that have come since."""
    builder = _IndexBuilder(earlier.method.name, earlier.method.size, model.dimension)
    builder.resume_from(earlier)
    for ids, vectors in read_vectors(db, model.id, model.dimension, earlier.highest_id, batch=_READ_BATCH):
        builder.add(ids, vectors)
    return builder


def _trained(sampler: _Sampler, name: str, size: int, earlier: Earlier | None) -> _IndexBuilder:
    """Return an empty index, trained as an earlier one or with a sample."""
    if earlier:
        builder = _IndexBuilder(name, earlier.method.size, sampler.dimension)
        builder.copy_training(open_approximate(earlier.path, earlier.method))
    else:
        builder = _IndexBuilder(name, size, sampler.dimension)
        builder.train(sampler.draw(size * _TRAINING_PER_LIST if name == IVF else _GRAPH_TRAINING))
    return builder


def _fill_and_tune(db: Catalog, model: StoredModel, builder: _IndexBuilder, truth: GroundTruth) -> _Steps:
    """Add all vectors of a model to an index; return the least effort that finds enough of them."""
    for ids, vectors in read_vectors(db, model.id, model.dimension, batch=_READ_BATCH):
        builder.add(ids, vectors)
        truth.add(ids, vectors)
    return tune(truth, builder.search, builder.max_effort, builder.min_effort_per_result)


def _write(builder: _IndexBuilder, path: Path, steps: _Steps) -> tuple[Method, str]:
    """Write what was built; return how it is searched, and its SHA-256."""
    digest = builder.write(path)
    failpoint("generation.written")
    head = path.stat().st_size - tail_size(builder.name, builder.count, builder.dimension)
    with path.open("rb") as file:
        head_sha256 = hashlib.sha256(file.read(head)).hexdigest()
    return Method(builder.name, builder.name, builder.size, steps, builder.error, head, head_sha256), digest


def _is_reusable(earlier: Earlier, name: str, size: int) -> bool:
    """Whether the lists of an earlier index do where `size` of them would be made; graphs are always rebuilt."""
    lists = earlier.method.size
    return name == IVF == earlier.method.name and lists <= _OUTGROWN * size and size <= _OUTGROWN * lists


def _is_intact(db: Catalog, model: StoredModel, earlier: Earlier) -> bool:
    """Whether a file has all vectors up to its highest id and no other, and every byte is what was written."""
    if count_vectors(db, model.id, upto=earlier.highest_id) != earlier.count:
        return False
    with earlier.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == earlier.sha256


class _Sampler:
    """Draws from the stored vectors of a model; always the same for the same vectors.

    Raises ValueError when there are not `count` of them.
    """

    def __init__(self, db: Catalog, model: StoredModel, count: int) -> None:
        self._db = db
        self._model = model
        self._random = np.random.default_rng(_SEED)
        self._ids = stored_ids(db, model.id)
        self.dimension = model.dimension
        if len(self._ids) != count:
            raise ValueError(f"{len(self._ids)} vectors instead of {count}")

    def draw(self, n: int) -> Matrix:
        """Return `n` of the vectors `[n, dimension]`, or all, in random order. Raises ValueError if one is missing."""
        chosen = self._random.choice(self._ids, min(n, len(self._ids)), replace=False)
        order = np.argsort(chosen)
        drawn = np.empty((len(chosen), self.dimension), np.float32)
        for first in range(0, len(chosen), _SAMPLE_BATCH):
            batch = order[first : first + _SAMPLE_BATCH]
            found, vectors = find_vectors(self._db, self._model.id, self.dimension, chosen[batch])
            if len(found) != len(batch):
                raise ValueError(f"{len(batch) - len(found)} vectors are missing")
            # `find_vectors` returns them in any order; in `batch` the ids ascend.
            drawn[batch] = vectors[np.argsort(found)]
        return drawn


class _IndexBuilder:
    """An approximate index under construction, whose codes are in memory.

    `size` is the number of lists, or of links of a node; `error` the largest distance so far of a vector from its code.
    """

    def __init__(self, name: str, size: int, dimension: int) -> None:
        import faiss

        byte, product = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        self.name = name
        self.size = size
        self.dimension = dimension
        self.error = 0.0
        self._index: Any
        if name == IVF:
            self._centroids: Any = faiss.IndexFlatIP(dimension)
            self._index = faiss.IndexIVFScalarQuantizer(self._centroids, dimension, size, byte, product)
            self._index.cp.niter = _ITERATIONS
            self._index.cp.min_points_per_centroid = 1  # else FAISS prints a warning for a small sample
            self._codes: Any = self._index.sq
        else:
            graph: Any = faiss.IndexHNSWSQ  # FAISS's stubs do not know how it is made
            self._graph = graph(dimension, byte, size, product)
            self._graph.hnsw.efConstruction = _EF_CONSTRUCTION
            self._index = faiss.IndexIDMap(self._graph)
            storage: Any = faiss.downcast_index(self._graph.storage)
            self._codes = storage.sq

        self._codes.rangestat_arg = _SPARE_RANGE

    @property
    def count(self) -> int:
        """How many vectors are in it."""
        return int(self._index.ntotal)

    @property
    def max_effort(self) -> int:
        """The greatest effort that makes a difference, or that is worth it."""
        return self.size if self.name == IVF else _GRAPH_MAX_EFFORT

    @property
    def min_effort_per_result(self) -> int:
        """The least effort for each vector that is wanted: a graph's is at least the number of candidates."""
        return 0 if self.name == IVF else MAX_CANDIDATES

    def train(self, sample: Matrix) -> None:
        self._index.train(sample)

    def copy_training(self, earlier: Any) -> None:
        """Take over the lists and the ranges of the codes of a FAISS index of vectors like these."""
        self._centroids.add(earlier.quantizer.reconstruct_n(0, earlier.nlist))
        self._codes.trained = earlier.sq.trained
        self._index.is_trained = True

    def resume_from(self, earlier: Earlier) -> None:
        """Take over an index of lists with all vectors in it."""
        import faiss

        self._index = read_index(earlier.path)  # not mapped: codes are added to it
        self._centroids = faiss.downcast_index(self._index.quantizer)
        self._codes = self._index.sq
        self.error = earlier.method.error

    def add(self, ids: Ids, vectors: Matrix) -> None:
        import faiss

        rest = vectors
        if self.name == IVF:
            # FAISS encodes the difference from the centroid, so the lists are needed here as well, and are found once.
            _, lists = self._centroids.search(vectors, 1)
            self._index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, lists)))
            rest = vectors - self._centroids.reconstruct_batch(lists[:, 0])
        else:
            self._index.add_with_ids(vectors, ids)
        lost = rest - self._codes.decode(self._codes.compute_codes(rest))
        self.error = max(self.error, float(np.linalg.norm(lost, axis=1).max()))

    def search(self, questions: Matrix, effort: int, n: int) -> Ids:
        n = min(n, self._index.ntotal)
        parameters = search_parameters(self.name, effort, n)
        labels: Ids = self._index.search(questions, n, params=parameters)[1]
        return labels

    def write(self, path: Path) -> str:
        """Write the index and return its SHA-256. Raises OSError when the disk is full."""
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
    """A file and its SHA-256. Keeps an exception raised while writing, because FAISS passes on only its text."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.failed: BaseException | None = None

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self.digest.update(data)
        except BaseException as error:  # the disk is full, or the user interrupts
            self.failed = error
            raise


@contextmanager
def _all_cores() -> Iterator[None]:
    """Let FAISS use every core of this process; questions use one (storage/index/generation_files.py)."""
    import faiss

    before = faiss.omp_get_max_threads()
    # A container or `taskset` may allow fewer cores than the machine has.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    faiss.omp_set_num_threads(cores)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)

"""Nearest vectors, from the active generation and the delta together, as of one committed state."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_
from pathlib import Path
from typing import TypeVar

import numpy as np

from wherein.errors import Damaged, ModelMismatch
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.models import StoredModel, bound_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.schema import highest_used_id
from wherein.storage.catalog.vectors import Ids, Matrix, read_vectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.approximate import Approximate
from wherein.storage.index.codes import Codes, best_of
from wherein.storage.index.exact import Exact
from wherein.storage.index.exact_codes import ExactCodes
from wherein.storage.index.generation_files import load_generation, search_with_one_thread
from wherein.storage.index.generations import KINDS, Generation, active_generation
from wherein.storage.index.method import EXACT
from wherein.storage.index.segments import Segment, list_segments, segments_of

__all__ = ["OpenSegment", "VectorIndex", "load_index", "reading_index", "reading_loaded"]

Loaded = TypeVar("Loaded")
_SAMPLE_SIZE = 500


@dataclass(frozen=True)
class OpenSegment:
    """A segment of the delta, and the index that was opened for it."""

    segment: Segment
    index: Exact | Codes

    def read_from(self, db: Catalog) -> "OpenSegment":
        """Return the same segment for another connection to the same catalog; itself where it reads nothing from it."""
        index = _read_from(self.index, db)
        return self if index is self.index else replace(self, index=index)


@dataclass(frozen=True)
class VectorIndex:
    """The vectors of one committed state, in which `version` was the highest id that a vector ever had.

    The delta is every vector with a higher id than the generation's, also those that belong to no chunk: the `segments`
    hold its older part, `delta_ids` and `delta` the rest. Nothing in it changes, so that several threads may search it;
    but an index of codes reads from the catalog that it was loaded from, which one thread at a time may use (see
    `read_from`).
    """

    version: int
    generation: Generation | None
    folded: Exact | Codes | None
    delta_ids: Ids
    delta: Matrix
    segments: tuple[OpenSegment, ...] = ()

    @property
    def state(self) -> tuple[Generation | None, int, tuple[Segment, ...]]:
        """Equal for two indexes with the same vectors in the same files."""
        return self.generation, self.version, tuple(one.segment for one in self.segments)

    @property
    def count(self) -> int:
        """The number of vectors that are searched, including those that no longer belong to a chunk."""
        return (self.generation.count if self.generation else 0) + self.delta_count

    @property
    def delta_count(self) -> int:
        """The number of vectors in the delta."""
        return sum(one.segment.content.count for one in self.segments) + len(self.delta_ids)

    @property
    def highest_in_files(self) -> int:
        """The id above which `delta_ids` begin."""
        if self.segments:
            return self.segments[-1].segment.content.highest_id
        return self.generation.highest_id if self.generation else 0

    def nearest(self, question: Matrix, k: int, among: Selection | None = None) -> tuple[Ids, Matrix]:
        """Return the ids and inner products `[min(k, count)]` of the vectors nearest to `question` `[dimension]`.

        With `among` only its vectors, and exactly the nearest of them. Best first; equal scores in the order of their
        ids, so that answers are repeatable. Call inside `snapshot`: an index of codes scores with the stored vectors,
        and may leave out those that are no longer stored. Raises Damaged when the index holds something that is not a
        vector, or another vector than is stored.
        """
        ids, scores = best_of(*self._nearest_in_delta(question, among), k)
        for above, highest, index in self._files():
            search_with_one_thread()  # the index may have been loaded by another thread
            floor = float(scores[-1]) if len(scores) == k else -np.inf
            if among is None:
                more = index.nearest(question, k, floor)
            else:
                # A file holds every vector of its ids, so none has to be looked up in it.
                first, last = np.searchsorted(among.vectors, [above, highest], "right").tolist()
                if first == last:
                    continue
                more = index.among(question, k, among, last - first, floor)
            ids, scores = best_of(np.concatenate([ids, more[0]]), np.concatenate([scores, more[1]]), k)
        return ids, scores

    def _nearest_in_delta(self, question: Matrix, among: Selection | None) -> tuple[Ids, Matrix]:
        """Return ids and scores of those vectors that are in no file."""
        delta_ids, delta, chosen = self.delta_ids, self.delta, None
        if among is not None and len(delta_ids):
            chosen = among.has_vectors(delta_ids)
            if 4 * np.count_nonzero(chosen) < len(chosen):  # else copying them takes longer than scoring all
                delta_ids, delta, chosen = delta_ids[chosen], delta[chosen], None
        # Not `@`, for which OpenBLAS starts threads: on a busy machine 10,000 vectors take 12 ms instead of 1.5.
        scores = np.einsum("ij,j->i", delta, question)
        return (delta_ids, scores) if chosen is None else (delta_ids[chosen], scores[chosen])

    def _files(self) -> Iterator[tuple[int, int, Exact | Codes]]:
        """Yield each file that holds vectors, and between which ids: over the first, up to the second."""
        if self.generation is not None and self.folded is not None and self.folded.count:
            yield 0, self.generation.highest_id, self.folded
        for one in self.segments:
            if one.index.count:
                yield one.segment.above, one.segment.content.highest_id, one.index

    def read_from(self, db: Catalog) -> "VectorIndex":
        """Return the same index for another connection to the same catalog; itself where it reads nothing from it."""
        folded = _read_from(self.folded, db) if self.folded is not None else None
        segments = tuple(one.read_from(db) for one in self.segments)
        if folded is self.folded and all(map(is_, segments, self.segments)):
            return self
        return replace(self, folded=folded, segments=segments)

    @cached_property
    def background(self) -> Matrix:
        """A sample of 500 vectors `[m, dimension]`; see `sample`."""
        return self.sample(_SAMPLE_SIZE)

    def sample(self, n: int) -> Matrix:
        """Return at most `n` of the vectors `[m, dimension]`, evenly spread over all; deterministic for a state.

        Those of an index of codes are decoded, and those of lists evenly spread over the lists of similar vectors.
        """
        files = [(index.count, index.sample) for _, _, index in self._files()]
        parts = [*files, (len(self.delta), lambda positions: self.delta[positions])]
        total = sum(count for count, _ in parts)
        positions = np.linspace(0, max(total - 1, 0), min(n, total)).astype(np.int64)
        found, start = [], 0
        for count, read in parts:
            inside = positions[(positions >= start) & (positions < start + count)] - start
            if len(inside):
                found.append(read(inside))
            start += count
        return np.concatenate(found) if found else self.delta[:0]


def _read_from(index: Exact | Codes, db: Catalog) -> Exact | Codes:
    return index.read_from(db) if isinstance(index, Codes) else index


@contextmanager
def reading_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> Iterator[VectorIndex]:
    """Yield the index of one snapshot, which is open meanwhile; see `load_index`.

    Raises Damaged when a part of the index is damaged, ModelMismatch when the library was moved to another model.
    """
    with reading_loaded(db, lambda: load_index(db, folder, model, known)) as index:
        yield index


@contextmanager
def reading_loaded(
    db: Catalog, load: Callable[[], Loaded], turn: AbstractContextManager[object] | None = None
) -> Iterator[Loaded]:
    """Yield what `load` returns in one snapshot, which is open meanwhile; `load` opens the files of generations.

    The snapshot is taken, and `load` called, within `turn`.
    """
    turn, failed = turn or nullcontext(), None
    while True:
        with ExitStack() as stack:
            with turn:
                stack.enter_context(snapshot(db))
                try:
                    loaded = load()
                except Damaged:
                    files = [active_generation(db, kind) for kind in KINDS], list_segments(db)
                    # Between the snapshot and the opening of its file two generations may have been written, or a
                    # segment merged with others, and the file deleted: try again, unless the same files fail twice.
                    if files == failed:
                        raise
                    failed = files
                    continue
            yield loaded
            return


def load_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> VectorIndex:
    """Return the index of the state that `db` sees; `known` itself when nothing in it has changed.

    Call inside `snapshot`. `known` is an index of the same state or an earlier one, loaded by any connection. An
    unchanged generation is not opened again, and of the delta only new vectors are read: vectors never change, and
    those of deleted passages are left out by the join with `chunks`. Raises Damaged when a part is damaged,
    ModelMismatch when `model` is no longer the library's.
    """
    generation, version = active_generation(db), highest_used_id(db, "vectors")
    bound = bound_model(db)
    if bound is not None and bound.id != model.id:  # vectors of one model, a question embedded by another
        raise ModelMismatch(f"The library belongs to another model now, {bound.name} {bound.fingerprint}")
    known, segments = known.read_from(db) if known else None, segments_of(db, folder, generation)
    # The segments as well: a repair ends the use of a damaged one, and no vector comes or goes.
    if known is not None and known.state == (generation, version, segments):
        return known
    if generation is None:
        folded = None
    else:
        unchanged = known is not None and known.generation == generation
        folded = known.folded if known and unchanged else _open(db, folder, model, generation)
    opened = _open_segments(db, folder, model, segments, known)
    empty = np.empty(0, np.int64), np.empty((0, model.dimension), np.float32)
    files = VectorIndex(version, generation, folded, *empty, opened)
    highest = files.highest_in_files
    parts = _kept(known, highest)
    last = int(parts[-1][0][-1]) if parts else highest
    parts.extend(read_vectors(db, model.id, model.dimension, last))
    delta_ids, delta = _join(parts, model.dimension)
    return replace(files, delta_ids=delta_ids, delta=delta)


def _open_segments(
    db: Catalog, folder: Path, model: StoredModel, segments: Sequence[Segment], known: VectorIndex | None
) -> tuple[OpenSegment, ...]:
    opened = {one.segment: one for one in known.segments} if known else {}
    return tuple(
        opened.get(segment) or OpenSegment(segment, _open(db, folder, model, segment.content)) for segment in segments
    )


def _open(db: Catalog, folder: Path, model: StoredModel, generation: Generation) -> Exact | Codes:
    index = load_generation(folder, generation)
    if generation.model_id != model.id or index.d != model.dimension:
        raise Damaged(f"The index {generation.file} is not that of the library's model; run: wherein repair")
    if not generation.method.is_coded:
        return Exact(index)
    opened = ExactCodes if generation.method.name == EXACT else Approximate
    return opened(index, generation.method, db, model)


def _kept(known: VectorIndex | None, highest: int) -> list[tuple[Ids, Matrix]]:
    """Return the part of a known delta that lies above id `highest`; nothing unless it is complete from there."""
    if known is None or known.highest_in_files > highest:
        return []
    first = int(np.searchsorted(known.delta_ids, highest, "right"))
    return [(known.delta_ids[first:], known.delta[first:])] if first < len(known.delta_ids) else []


def _join(parts: Sequence[tuple[Ids, Matrix]], dimension: int) -> tuple[Ids, Matrix]:
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([vectors for _, vectors in parts])

"""Nearest vectors, from the active generation and the delta together, as of one committed state."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from wherein.errors import Damaged, ModelMismatch
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.models import StoredModel, bound_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids, Matrix, read_vectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.approximate import Approximate
from wherein.storage.index.codes import Codes
from wherein.storage.index.exact import Exact
from wherein.storage.index.exact_codes import ExactCodes
from wherein.storage.index.generation_files import load_generation
from wherein.storage.index.generations import KINDS, Generation, active_generation
from wherein.storage.index.method import EXACT

__all__ = ["VectorIndex", "load_index", "reading_index", "reading_loaded"]

Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class VectorIndex:
    """The vectors of one committed state; `version` is SQLite's `data_version` of that state.

    The delta is every vector with a higher id than the generation's, also those that belong to no chunk.
    """

    version: int
    generation: Generation | None
    folded: Exact | Codes | None
    delta_ids: Ids
    delta: Matrix

    @property
    def count(self) -> int:
        """The number of vectors that are searched, including those that no longer belong to a chunk."""
        return (self.generation.count if self.generation else 0) + len(self.delta_ids)

    def nearest(self, question: Matrix, k: int, among: Selection | None = None) -> tuple[Ids, Matrix]:
        """Return the ids and inner products `[min(k, count)]` of the vectors nearest to `question` `[dimension]`.

        With `among` only its vectors, and exactly the nearest of them. Best first; equal scores in the order of their
        ids, so that answers are repeatable. Call inside `snapshot`: a generation of codes scores with the stored
        vectors and leaves out those that are no longer stored. Raises Damaged when the index holds something that is
        not a vector, or another vector than is stored.
        """
        delta_ids, delta, chosen = self.delta_ids, self.delta, None
        if among is not None and len(delta_ids):
            chosen = among.has_vectors(delta_ids)
            if 4 * np.count_nonzero(chosen) < len(chosen):  # else copying them takes longer than scoring all
                delta_ids, delta, chosen = delta_ids[chosen], delta[chosen], None
        # Not `@`, for which OpenBLAS starts threads: on a busy machine 10,000 vectors take 12 ms instead of 1.5.
        delta_scores = np.einsum("ij,j->i", delta, question)
        ids = [delta_ids if chosen is None else delta_ids[chosen]]
        scores = [delta_scores if chosen is None else delta_scores[chosen]]
        if self.folded is not None and self.folded.count:
            folded = self.folded.nearest(question, k) if among is None else self._folded_among(question, k, among)
            ids.append(folded[0])
            scores.append(folded[1])
        all_ids, all_scores = np.concatenate(ids), np.concatenate(scores)
        best = np.lexsort((all_ids, -all_scores))[:k]  # `lexsort` sorts by its last key first
        return all_ids[best], all_scores[best]

    def sample(self, n: int) -> Matrix:
        """Return at most `n` of the vectors `[m, dimension]`, evenly spread over all; deterministic for a state.

        Those of a generation of codes are decoded, and those of lists evenly spread over the lists of similar vectors.
        """
        folded = self.folded.count if self.folded is not None else 0
        total = folded + len(self.delta)
        positions = np.linspace(0, max(total - 1, 0), min(n, total)).astype(np.int64)
        early, late = positions[positions < folded], positions[positions >= folded] - folded
        if self.folded is None or not len(early):
            return self.delta[late]
        return np.concatenate([self.folded.sample(early), self.delta[late]])

    def _folded_among(self, question: Matrix, k: int, among: Selection) -> tuple[Ids, Matrix]:
        assert self.folded is not None
        highest = self.generation.highest_id if self.generation else 0
        # A generation holds every vector up to its highest id, so none has to be looked up in it.
        allowed = int(np.searchsorted(among.vectors, highest, "right"))
        if not allowed:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return self.folded.among(question, k, among, allowed)


@contextmanager
def reading_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> Iterator[VectorIndex]:
    """Yield the index of one snapshot, which is open meanwhile; see `load_index`.

    Raises Damaged when a part of the index is damaged, ModelMismatch when the library was moved to another model.
    """
    with reading_loaded(db, lambda: load_index(db, folder, model, known)) as index:
        yield index


@contextmanager
def reading_loaded(db: Catalog, load: Callable[[], Loaded]) -> Iterator[Loaded]:
    """Yield what `load` returns in one snapshot, which is open meanwhile; `load` opens the files of generations."""
    failed = None
    while True:
        with snapshot(db):
            try:
                loaded = load()
            except Damaged:
                generations = [active_generation(db, kind) for kind in KINDS]
                # Between the snapshot and the opening of its file two generations may have been written, and the file
                # deleted: try again, unless the same generations fail twice.
                if generations == failed:
                    raise
                failed = generations
            else:
                yield loaded
                return


def load_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> VectorIndex:
    """Return the index of the state that `db` sees; `known` itself when nothing was committed since.

    Call inside `snapshot`. An unchanged generation is not opened again, and of the delta only new vectors are read:
    vectors never change, and those of deleted passages are left out by the join with `chunks`. Raises Damaged when a
    part is damaged, ModelMismatch when `model` is no longer the library's.
    """
    generation = active_generation(db)  # this read also takes the snapshot that data_version speaks of
    (version,) = db.execute("PRAGMA data_version").fetchone()
    if known is not None and known.version == version:
        return known
    bound = bound_model(db)
    if bound is not None and bound.id != model.id:  # vectors of one model, a question embedded by another
        raise ModelMismatch(f"The library belongs to another model now, {bound.name} {bound.fingerprint}")
    if generation is None:
        folded, highest = None, 0
    else:
        unchanged = known is not None and known.generation == generation
        folded = known.folded if known and unchanged else _open(db, folder, model, generation)
        highest = generation.highest_id
    parts = _kept(known, highest)
    last = int(parts[-1][0][-1]) if parts else highest
    parts.extend(read_vectors(db, model.id, model.dimension, last))
    return VectorIndex(version, generation, folded, *_join(parts, model.dimension))


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
    start = known.generation.highest_id if known and known.generation else 0
    if known is None or start > highest:
        return []
    first = int(np.searchsorted(known.delta_ids, highest, "right"))
    return [(known.delta_ids[first:], known.delta[first:])] if first < len(known.delta_ids) else []


def _join(parts: Sequence[tuple[Ids, Matrix]], dimension: int) -> tuple[Ids, Matrix]:
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([vectors for _, vectors in parts])

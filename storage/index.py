"""Nearest vectors, from the active generation and the delta together, as of one committed state."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import Damaged, ModelMismatch
from storage.catalog import Catalog
from storage.connection import reading
from storage.generations import Generation, active_generation, load_generation
from storage.models import StoredModel, bound_model
from storage.vectors import Ids, Matrix, read_vectors

__all__ = ["VectorIndex", "load_index", "reading_index"]


@dataclass(frozen=True)
class VectorIndex:
    """The vectors of one committed state; `version` is SQLite's `data_version` of that state.

    The delta is every vector with a higher id than the generation's, also those that belong to no chunk.
    """

    version: int
    generation: Generation | None
    faiss_index: Any
    delta_ids: Ids
    delta: Matrix

    @property
    def count(self) -> int:
        """Return the number of vectors searched, also those that belong to no chunk any more."""
        return (self.generation.count if self.generation else 0) + len(self.delta_ids)

    def nearest(self, question: Matrix, k: int) -> tuple[Ids, Matrix]:
        """Return the ids and inner products `[min(k, count)]` of the vectors nearest to `question` `[dimension]`.

        Best first; equal scores in the order of their ids, so that an answer can be repeated. Raises Damaged when the
        index holds what is no vector.
        """
        ids = [self.delta_ids]
        # Not `@`, for which OpenBLAS starts threads: a busy machine takes 12 ms for 10,000 vectors instead of 1.5.
        scores = [np.einsum("ij,j->i", self.delta, question)]
        if self.faiss_index is not None and self.faiss_index.ntotal:
            found, labels = self.faiss_index.search(question[None, :], min(k, self.faiss_index.ntotal))
            if (labels < 0).any():  # FAISS returns fewer than there are only where a score is no number
                raise Damaged("The index holds something that is no vector; run: wherein repair")
            ids.append(labels[0])
            scores.append(found[0])
        all_ids, all_scores = np.concatenate(ids), np.concatenate(scores)
        best = np.lexsort((all_ids, -all_scores))[:k]
        return all_ids[best], all_scores[best]


@contextmanager
def reading_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> Iterator[VectorIndex]:
    """`reading`, with the index of the state that it sees; see `load_index`.

    Raises Damaged when a part of the index is, ModelMismatch when the library was moved to another model.
    """
    failed = None
    while True:
        with reading(db):
            generation = active_generation(db)
            try:
                index = load_index(db, folder, model, known)
            except Damaged:
                # Between the snapshot and the opening of its file two generations may have come, and the file gone.
                if generation == failed:
                    raise
                failed = generation
            else:
                yield index
                return


def load_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> VectorIndex:
    """Return the index of the state that `db` sees; `known` itself when nothing was committed since.

    Call inside `reading`. An unchanged generation is not opened again, and of the delta only what is new is read:
    vectors never change, and what is gone is left out by the join with `chunks`. Raises Damaged when a part of it is,
    ModelMismatch when `model` is not the library's any more.
    """
    generation = active_generation(db)  # this read also takes the snapshot that data_version speaks of
    version = int(db.execute("PRAGMA data_version").fetchone()[0])
    if known is not None and known.version == version:
        return known
    bound = bound_model(db)
    if bound is not None and bound.id != model.id:  # its vectors would be compared with a question of another
        raise ModelMismatch(f"The library belongs to another model now, {bound.name} {bound.fingerprint}")
    if generation is None:
        loaded, highest = None, 0
    else:
        unchanged = known is not None and known.generation == generation
        loaded = known.faiss_index if known and unchanged else load_generation(folder, generation)
        if generation.model_id != model.id or loaded.d != model.dimension:
            raise Damaged(f"The index {generation.file} is not that of the library's model; run: wherein repair")
        highest = generation.highest_vector_id
    parts = _kept(known, highest)
    last = int(parts[-1][0][-1]) if parts else highest
    parts.extend(read_vectors(db, model.id, model.dimension, last))
    return VectorIndex(version, generation, loaded, *_join(parts, model.dimension))


def _kept(known: VectorIndex | None, highest: int) -> list[tuple[Ids, Matrix]]:
    """Return what is known of a delta that begins after id `highest`; nothing when its beginning is not known."""
    start = known.generation.highest_vector_id if known and known.generation else 0
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

"""Nearest vectors, from the active generation and the delta together, as of one committed state."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import Damaged
from storage.catalog import Catalog
from storage.generations import Generation, active_generation, load_generation
from storage.models import StoredModel
from storage.vectors import Ids, Matrix, read_vectors

__all__ = ["VectorIndex", "load_index"]


@dataclass(frozen=True)
class VectorIndex:
    """The vectors of one committed state; `version` is SQLite's `data_version` of that state."""

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
        scores = [self.delta @ question]
        if self.faiss_index is not None and self.faiss_index.ntotal:
            found, labels = self.faiss_index.search(question[None, :], min(k, self.faiss_index.ntotal))
            if (labels < 0).any():  # FAISS returns fewer than there are only where a score is no number
                raise Damaged("The index holds something that is no vector; run: wherein repair")
            ids.append(labels[0])
            scores.append(found[0])
        all_ids, all_scores = np.concatenate(ids), np.concatenate(scores)
        best = np.lexsort((all_ids, -all_scores))[:k]
        return all_ids[best], all_scores[best]


def load_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> VectorIndex:
    """Return the index of the state that `db` sees; `known` itself when nothing was committed since.

    Call inside `reading`. An unchanged generation is not opened again. Raises Damaged when a part of it is.
    """
    generation = active_generation(db)  # this read also takes the snapshot that data_version speaks of
    version = int(db.execute("PRAGMA data_version").fetchone()[0])
    if known is not None and known.version == version:
        return known
    if generation is None:
        loaded, highest = None, 0
    else:
        unchanged = known is not None and known.generation == generation
        loaded = known.faiss_index if known and unchanged else load_generation(folder, generation)
        if generation.model_id != model.id or loaded.d != model.dimension:
            raise Damaged(f"The index {generation.file} is not that of the library's model; run: wherein repair")
        highest = generation.highest_vector_id
    parts = list(read_vectors(db, model.id, model.dimension, highest, live=True))
    return VectorIndex(version, generation, loaded, *_join(parts, model.dimension))


def _join(parts: Sequence[tuple[Ids, Matrix]], dimension: int) -> tuple[Ids, Matrix]:
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([vectors for _, vectors in parts])

"""Nearest vectors, from the active generation and the delta together, as of one committed state."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from errors import Damaged, ModelMismatch
from storage.catalog import Catalog
from storage.connection import reading
from storage.generations import KINDS, Generation, active_generation, load_generation
from storage.models import StoredModel, bound_model
from storage.selection import Selection
from storage.vectors import Ids, Matrix, read_vectors

__all__ = ["VectorIndex", "load_index", "reading_index", "reading_loaded"]

Loaded = TypeVar("Loaded")

# Where many vectors are allowed, enough of them are among the nearest of all, which FAISS finds sooner than the nearest
# of half: asked vector by vector it took 2.6 times as long on a busy machine. More results than this cost time too.
_MOST_PROBED = 1_000


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

    def nearest(self, question: Matrix, k: int, among: Selection | None = None) -> tuple[Ids, Matrix]:
        """Return the ids and inner products `[min(k, count)]` of the vectors nearest to `question` `[dimension]`.

        With `among` only of its vectors, as exactly. Best first; equal scores in the order of their ids, so that an
        answer can be repeated. Raises Damaged when the index holds what is no vector.
        """
        delta_ids, delta, chosen = self.delta_ids, self.delta, None
        if among is not None and len(delta_ids):
            chosen = among.has_vectors(delta_ids)
            if 4 * np.count_nonzero(chosen) < len(chosen):  # else a copy of them takes longer than to score them all
                delta_ids, delta, chosen = delta_ids[chosen], delta[chosen], None
        # Not `@`, for which OpenBLAS starts threads: a busy machine takes 12 ms for 10,000 vectors instead of 1.5.
        delta_scores = np.einsum("ij,j->i", delta, question)
        ids = [delta_ids if chosen is None else delta_ids[chosen]]
        scores = [delta_scores if chosen is None else delta_scores[chosen]]
        if self.faiss_index is not None and self.faiss_index.ntotal:
            found = self._folded(question, k) if among is None else self._folded_among(question, k, among)
            ids.append(found[0])
            scores.append(found[1])
        all_ids, all_scores = np.concatenate(ids), np.concatenate(scores)
        best = np.lexsort((all_ids, -all_scores))[:k]
        return all_ids[best], all_scores[best]

    def sample(self, n: int) -> Matrix:
        """Return at most `n` of the vectors `[m, dimension]`, evenly spread over all; the same in the same state."""
        folded = self.faiss_index.ntotal if self.faiss_index is not None else 0
        places = np.linspace(0, max(folded + len(self.delta) - 1, 0), min(n, folded + len(self.delta))).astype(np.int64)
        early, late = places[places < folded], places[places >= folded] - folded
        if not len(early):
            return self.delta[late]
        import faiss

        inner: Any = faiss.downcast_index(self.faiss_index.index)
        return np.concatenate([inner.reconstruct_batch(early), self.delta[late]])

    def _folded(self, question: Matrix, k: int, selector: Any = None, at_most: int | None = None) -> tuple[Ids, Matrix]:
        """Return the nearest of the generation; of the `at_most` that `selector` allows, where one is given."""
        wanted = min(k, self.faiss_index.ntotal if at_most is None else at_most)
        if selector is None:
            scores, labels = self.faiss_index.search(question[None, :], wanted)
        else:
            scores, labels = self.faiss_index.search(question[None, :], wanted, params=selector)
        if (labels < 0).any():  # FAISS returns fewer than there are only where a score is no number
            raise Damaged("The index holds something that is no vector; run: wherein repair")
        return labels[0], scores[0]

    def _folded_among(self, question: Matrix, k: int, among: Selection) -> tuple[Ids, Matrix]:
        highest = self.generation.highest_id if self.generation else 0
        allowed = int(np.searchsorted(among.vectors, highest, "right"))
        wanted = min(k, allowed)
        if not wanted:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if allowed == self.faiss_index.ntotal:
            return self._folded(question, wanted)
        probed = 2 * k * self.faiss_index.ntotal // allowed + 16
        if probed <= _MOST_PROBED:
            ids, scores = self._folded(question, probed)
            chosen = among.has_vectors(ids)
            if np.count_nonzero(chosen) >= wanted:
                return ids[chosen][:wanted], scores[chosen][:wanted]
        import faiss

        # Python's constructors take other arguments than the stubs say; the wrappers hold on to the array.
        parameters: Any = faiss.SearchParameters
        bitmap: Any = faiss.IDSelectorBitmap
        selector = parameters(sel=bitmap(among.bitmap))
        return self._folded(question, wanted, selector, allowed)


@contextmanager
def reading_index(db: Catalog, folder: Path, model: StoredModel, known: VectorIndex | None) -> Iterator[VectorIndex]:
    """`reading`, with the index of the state that it sees; see `load_index`.

    Raises Damaged when a part of the index is, ModelMismatch when the library was moved to another model.
    """
    with reading_loaded(db, lambda: load_index(db, folder, model, known)) as index:
        yield index


@contextmanager
def reading_loaded(db: Catalog, load: Callable[[], Loaded]) -> Iterator[Loaded]:
    """`reading`, with what `load` makes of the state that it sees and of its generations' files."""
    failed = None
    while True:
        with reading(db):
            generations = [active_generation(db, kind) for kind in KINDS]
            try:
                loaded = load()
            except Damaged:
                # Between the snapshot and the opening of its file two generations may have come, and the file gone.
                if generations == failed:
                    raise
                failed = generations
            else:
                yield loaded
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
        highest = generation.highest_id
    parts = _kept(known, highest)
    last = int(parts[-1][0][-1]) if parts else highest
    parts.extend(read_vectors(db, model.id, model.dimension, last))
    return VectorIndex(version, generation, loaded, *_join(parts, model.dimension))


def _kept(known: VectorIndex | None, highest: int) -> list[tuple[Ids, Matrix]]:
    """Return what is known of a delta that begins after id `highest`; nothing when its beginning is not known."""
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

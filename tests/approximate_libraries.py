"""Libraries of clustered vectors with an approximate index, and the answers that NumPy gives from the same vectors."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.models import StoredModel, bound_model
from wherein.storage.catalog.vectors import Ids, Matrix, save_vectors
from wherein.storage.filters.selection import Selection
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import Generation, active_generation
from wherein.storage.index.method import HNSW, IVF, choose_index
from wherein.storage.index.vector_index import VectorIndex, load_index

COUNT, DIMENSION, CLUSTERS = 2_000, 24, 40
Library = Callable[..., "Opened"]
KINDS = pytest.mark.parametrize("kind", [IVF, HNSW])


def clustered(count: int, seed: int = 0) -> Matrix:
    """Unit vectors around a few directions, as those of texts about a few things."""
    chance = np.random.default_rng(seed)
    middles = np.random.default_rng(99).standard_normal((CLUSTERS, DIMENSION))
    vectors = middles[chance.integers(0, CLUSTERS, count)] + 0.6 * chance.standard_normal((count, DIMENSION))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float16).astype(np.float32)  # as they are stored


VECTORS, QUESTIONS = clustered(COUNT), clustered(50, seed=1)


class Opened:
    """A library that may be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = open_writer(folder)

    @property
    def model(self) -> StoredModel:
        model = bound_model(self.db)
        assert model is not None
        return model

    @property
    def generation(self) -> Generation:
        generation = active_generation(self.db)
        assert generation is not None
        return generation

    def index(self) -> VectorIndex:
        return load_index(self.db, self.folder, self.model, None)

    def rewrite(self, kind: str) -> Generation:
        choose(self.db, kind)
        return write_generation(self.db, self.folder, self.model)


def store(db: Database, model: StoredModel, first: int, last: int, vectors: Matrix = VECTORS) -> None:
    with writing(db, "test"):
        names = [content_hash(f"passage {number}") for number in range(first, last)]
        save_vectors(db, model.id, names, vectors[first:last])


def choose(db: Database, kind: str) -> None:
    with writing(db, "test"):
        choose_index(db, kind)


def best(question: Matrix, k: int, allowed: Ids | None = None) -> Ids:
    ids = np.arange(1, COUNT + 1) if allowed is None else allowed
    scores = np.einsum("ij,j->i", VECTORS[ids - 1], question)
    return ids[np.lexsort((ids, -scores))[:k]]


def assert_scores(question: Matrix, ids: Ids, scores: Matrix) -> None:
    np.testing.assert_array_equal(scores, np.einsum("ij,j->i", VECTORS[ids - 1], question))
    assert len(set(ids.tolist())) == len(ids)
    assert (np.lexsort((ids, -scores)) == np.arange(len(ids))).all()


def selected(ids: Ids) -> Selection:
    marks = np.zeros(int(ids.max(initial=0)) + 1, np.bool_)
    marks[ids] = True
    return Selection(frozenset(), np.empty(0, np.int64), ids, np.packbits(marks, bitorder="little"))


def flip(path: Path, place: int, mask: int = 0x40) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        (value,) = file.read(1)
        file.seek(place)
        file.write(bytes([value ^ mask]))

"""The files of generations: a damaged one is never opened."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, document, hashes, save, store, unit_vectors
from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import read_vectors
from wherein.storage.index.generation_files import load_generation
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import active_generation
from wherein.storage.index.vector_index import VectorIndex, load_index


def index_of(db: Database, folder: Path, model: StoredModel, known: VectorIndex | None = None) -> VectorIndex:
    with snapshot(db):
        return load_index(db, folder, model, known)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_generation_is_damaged(db: Database, tmp_path: Path, model: StoredModel, kept: int) -> None:
    store(db, model, hashes(0, 20), unit_vectors(20))
    generation = write_generation(db, tmp_path, model)
    (path,) = (tmp_path / "generations").iterdir()
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Damaged, match="repair"):
        load_generation(tmp_path, generation)
    with pytest.raises(Damaged):
        index_of(db, tmp_path, model)


def test_a_missing_or_garbled_generation_is_damaged(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store(db, model, hashes(0, 20), unit_vectors(20))
    generation = write_generation(db, tmp_path, model)
    (path,) = (tmp_path / "generations").iterdir()
    path.write_bytes(b"\xff" * generation.bytes)
    with pytest.raises(Damaged):
        load_generation(tmp_path, generation)
    path.unlink()
    with pytest.raises(Damaged):
        load_generation(tmp_path, generation)
    write_generation(db, tmp_path, model)
    assert index_of(db, tmp_path, model).count == 20


@pytest.mark.parametrize(
    "change",
    [
        "vector = zeroblob(32)",
        "vector = substr(vector, 1, 28)",
        "vector = x''",
        "checksum = checksum + 1",
        "input_hash = zeroblob(16)",
    ],
)
def test_a_damaged_vector_is_noticed(db: Database, tmp_path: Path, model: StoredModel, change: str) -> None:
    save(db, document("a", [*hashes(0, 5), bytes(16)]))
    store(db, model, hashes(0, 5), unit_vectors(5))
    with writing(db, "test"):
        db.execute(f"UPDATE vectors SET {change} WHERE id = 3")
    with pytest.raises(Damaged, match="vector 3"):
        list(read_vectors(db, model.id, DIMENSION))
    with pytest.raises(Damaged):
        write_generation(db, tmp_path, model)
    assert active_generation(db) is None
    with pytest.raises(Damaged):
        index_of(db, tmp_path, model)

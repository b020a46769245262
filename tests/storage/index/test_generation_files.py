"""The files of generations: a damaged one is never opened."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, document, hashes, save, store, unit_vectors
from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import read_vectors
from wherein.storage.index.generation_files import check_layout, generation_problem, load_generation, load_postings
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, VECTORS, active_generation
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
        "vector = substr(vector, 1, 14)",
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


def test_what_is_wrong_with_a_file_is_named(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store(db, model, hashes(0, 20), unit_vectors(20))
    generation = write_generation(db, tmp_path, model)
    (path,) = (tmp_path / "generations").iterdir()
    data = path.read_bytes()
    assert generation_problem(db, tmp_path, generation) == ""
    assert check_layout(tmp_path, generation) == DIMENSION
    path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    assert generation_problem(db, tmp_path, generation) == "its SHA-256 is not the one that was registered"
    path.write_bytes(data + b"\0")
    assert generation_problem(db, tmp_path, generation) == f"it has {len(data) + 1:,} bytes instead of {len(data):,}"
    path.unlink()
    assert generation_problem(db, tmp_path, generation) == "No such file or directory"


@pytest.mark.parametrize(
    ("kind", "table", "problem"),
    [
        (VECTORS, "vectors", "it lacks vectors that are stored"),
        (KEYWORDS, "chunks", "it lacks passages that are stored"),
    ],
)
def test_a_sound_file_that_lacks_a_stored_row_is_a_problem(
    db: Database, tmp_path: Path, model: StoredModel, kind: str, table: str, problem: str
) -> None:
    store(db, model, hashes(0, 3), unit_vectors(3))
    save(db, document("a", hashes(0, 3)))
    row = db.execute(f"SELECT * FROM {table} WHERE id = 2").fetchone()
    with writing(db, "test"):
        db.execute(f"DELETE FROM {table} WHERE id = 2")
    generation = write_generation(db, tmp_path, model, kind)
    assert generation_problem(db, tmp_path, generation) == ""
    with writing(db, "test"):
        db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    assert generation_problem(db, tmp_path, generation) == problem


def test_an_index_of_another_dimension_than_the_model_is_a_problem(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    store(db, model, hashes(0, 3), unit_vectors(3))
    generation = write_generation(db, tmp_path, model)
    with writing(db, "test"):
        db.execute("UPDATE models SET dimension = 9")
    assert generation_problem(db, tmp_path, generation) == "it is not an index of the library's model"


def test_postings_are_opened_as_they_were_written(db: Database, tmp_path: Path, model: StoredModel) -> None:
    save(db, document("a", hashes(0, 3), text="abc"))
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    assert load_postings(tmp_path, generation).ids.tolist() == [1, 2, 3]
    assert check_layout(tmp_path, generation) == load_postings(tmp_path, generation).postings
    with pytest.raises(Damaged, match=r"is damaged: it has .* bytes instead of .*; run: wherein repair"):
        load_postings(tmp_path, replace(generation, bytes=generation.bytes + 1))

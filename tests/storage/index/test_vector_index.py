"""The index of one snapshot: its answers, what is read again, and what happens when the files change under it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, document, hashes, save, store, store_range, unit_vectors, vector_ids
from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import Matrix, mark_orphans
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import active_generation, drop_old_generations
from wherein.storage.index.rollback import roll_back
from wherein.storage.index.vector_index import VectorIndex, load_index, reading_index


def loaded_index(db: Database, folder: Path, model: StoredModel, known: VectorIndex | None = None) -> VectorIndex:
    with snapshot(db):
        return load_index(db, folder, model, known)


def index_of(db: sqlite3.Connection, folder: Path, model: StoredModel, known: VectorIndex | None = None) -> VectorIndex:
    with reading_index(db, folder, model, known) as index:
        return index


def assert_nearest(index: VectorIndex, vectors: Matrix, ids: Sequence[int]) -> None:
    """`index` answers as NumPy does from these vectors."""
    for question in unit_vectors(10, seed=99):
        scores = vectors @ question
        order = np.argsort(-scores)
        for k in (1, 5, len(ids), len(ids) + 10):
            found, products = index.nearest(question, k)
            assert found.tolist() == [ids[i] for i in order[:k]]
            np.testing.assert_allclose(products, scores[order[:k]], atol=1e-6)


def answer_from(db: Database, generation: int) -> None:
    """Make another generation the active one."""
    with writing(db, "test"):
        db.execute("UPDATE generations SET active = 0")
        db.execute("UPDATE generations SET active = 1 WHERE id = ?", [generation])


def fold(db: Database, folder: Path, model: StoredModel) -> None:
    write_generation(db, folder, model)
    drop_old_generations(db, folder)


@pytest.mark.parametrize("folded", [0, 1, 30, 50])
def test_the_nearest_are_those_of_numpy(db: Database, tmp_path: Path, model: StoredModel, folded: int) -> None:
    vectors, names = unit_vectors(50), hashes(0, 50)
    save(db, document("a", names))
    store(db, model, names[:folded], vectors[:folded])
    if folded:
        write_generation(db, tmp_path, model)
    store(db, model, names[folded:], vectors[folded:])
    index = loaded_index(db, tmp_path, model)
    assert index.count == 50
    assert len(index.delta_ids) == 50 - folded
    assert_nearest(index, vectors, vector_ids(db))


def test_an_empty_library_finds_nothing(db: Database, tmp_path: Path, model: StoredModel) -> None:
    ids, scores = loaded_index(db, tmp_path, model).nearest(unit_vectors(1)[0], 5)
    assert (len(ids), len(scores)) == (0, 0)


def test_a_generation_without_vectors_finds_nothing(db: Database, tmp_path: Path, model: StoredModel) -> None:
    write_generation(db, tmp_path, model)
    ids, scores = loaded_index(db, tmp_path, model).nearest(unit_vectors(1)[0], 5)
    assert (len(ids), len(scores)) == (0, 0)


def test_equal_scores_come_in_the_order_of_ids(db: Database, tmp_path: Path, model: StoredModel) -> None:
    same = np.repeat(unit_vectors(1), 6, axis=0)
    save(db, document("a", hashes(0, 6)))
    store(db, model, hashes(0, 3), same[:3])
    write_generation(db, tmp_path, model)
    store(db, model, hashes(3, 6), same[3:])
    ids, _ = loaded_index(db, tmp_path, model).nearest(np.eye(DIMENSION, dtype=np.float32)[0], 6)
    assert ids.tolist() == vector_ids(db)


def test_a_new_generation_replaces_the_active_one(db: Database, tmp_path: Path, model: StoredModel) -> None:
    vectors, names = unit_vectors(20), hashes(0, 20)
    save(db, document("a", names))
    store(db, model, names[:10], vectors[:10])
    old = write_generation(db, tmp_path, model)
    before = loaded_index(db, tmp_path, model)
    store(db, model, names[10:], vectors[10:])
    new = write_generation(db, tmp_path, model)
    assert active_generation(db) == new
    assert new.id > old.id
    assert_nearest(before, vectors[:10], vector_ids(db)[:10])  # an index that is open stays as it was
    assert_nearest(loaded_index(db, tmp_path, model), vectors, vector_ids(db))


def test_a_reader_sees_what_the_writer_added(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    vectors, names = unit_vectors(20), hashes(0, 20)
    save(db, document("a", names))
    store(db, model, names[:10], vectors[:10])
    write_generation(db, tmp_path, model)
    first = loaded_index(reader, tmp_path, model)
    assert loaded_index(reader, tmp_path, model, first) is first
    store(db, model, names[10:], vectors[10:])
    second = loaded_index(reader, tmp_path, model, first)
    assert second.folded is first.folded
    assert_nearest(second, vectors, vector_ids(db))


def test_an_orphan_that_gets_a_chunk_after_the_generation_is_found(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    vectors, names = unit_vectors(6), hashes(0, 6)
    save(db, document("a", names[:5]))
    store(db, model, names, vectors)
    with writing(db, "test"):
        mark_orphans(db)
    write_generation(db, tmp_path, model)
    save(db, document("b", names[5:]))
    ids, scores = loaded_index(db, tmp_path, model).nearest(vectors[5], 1)
    assert ids.tolist() == [vector_ids(db)[5]]
    np.testing.assert_allclose(scores, 1, atol=1e-3)


def test_only_the_new_end_of_a_longer_delta_is_read(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    store_range(db, model, 0, 4)
    fold(db, tmp_path, model)
    store_range(db, model, 4, 7)
    first = index_of(reader, tmp_path, model)
    store_range(db, model, 7, 9)
    with writing(db, "test"):  # whoever reads this again finds it damaged
        db.execute("UPDATE vectors SET checksum = checksum + 1 WHERE id = 6")
    second = index_of(reader, tmp_path, model, first)
    assert (first.delta_ids.tolist(), second.delta_ids.tolist()) == ([5, 6, 7], [5, 6, 7, 8, 9])
    np.testing.assert_array_equal(second.delta, np.eye(DIMENSION, dtype=np.float32)[[4, 5, 6, 7, 0]])
    with pytest.raises(Damaged, match="vector 6"):
        index_of(reader, tmp_path, model)


def test_a_delta_that_was_folded_in_part_begins_later(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    store_range(db, model, 0, 5)
    known = index_of(reader, tmp_path, model)
    assert (known.generation, known.delta_ids.tolist()) == (None, [1, 2, 3, 4, 5])
    fold(db, tmp_path, model)
    store_range(db, model, 5, 6)
    fold(db, tmp_path, model)
    roll_back(db, tmp_path, model)
    store_range(db, model, 6, 7)
    known = index_of(reader, tmp_path, model, known)
    assert (known.count, known.delta_ids.tolist()) == (7, [6, 7])
    answer_from(db, 2)  # as if the folding had begun before the last vector came
    assert index_of(reader, tmp_path, model, known).delta_ids.tolist() == [7]


def test_a_delta_begins_earlier_after_a_return_to_an_older_generation(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    store_range(db, model, 0, 3)
    fold(db, tmp_path, model)
    store_range(db, model, 3, 6)
    fold(db, tmp_path, model)
    store_range(db, model, 6, 8)
    known = index_of(reader, tmp_path, model)
    assert known.delta_ids.tolist() == [7, 8]
    roll_back(db, tmp_path, model)
    known = index_of(reader, tmp_path, model, known)
    assert (known.count, known.delta_ids.tolist()) == (8, [4, 5, 6, 7, 8])


def test_a_generation_whose_file_is_deleted_before_it_is_opened(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    store_range(db, model, 0, 3)
    fold(db, tmp_path, model)
    writes = [
        lambda: store_range(db, model, 3, 5),
        lambda: fold(db, tmp_path, model),
        lambda: fold(db, tmp_path, model),
    ]

    def overtake(statement: str) -> None:
        if "sqlite_sequence" in statement:  # the snapshot was taken, the file is about to be opened
            while writes:
                writes.pop(0)()

    reader.set_trace_callback(overtake)
    index = index_of(reader, tmp_path, model)
    assert index.generation is not None
    assert (index.generation.id, index.count, writes) == (3, 5, [])


def test_a_missing_file_of_the_newest_generation_is_damage(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    store_range(db, model, 0, 3)
    fold(db, tmp_path, model)
    for path in (tmp_path / "generations").iterdir():
        path.unlink()
    with pytest.raises(Damaged):
        index_of(reader, tmp_path, model)
    with snapshot(reader), pytest.raises(Damaged):
        load_index(reader, tmp_path, model, None)

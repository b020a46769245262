"""Vectors: one for each model input, read back as they were stored, orphans among them."""

import numpy as np
from sqlite_utils import Database

from catalogs import DIMENSION, document, hashes, save, store, store_range, unit_vectors, vector_ids
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import (
    count_vectors,
    delete_orphans,
    known_inputs,
    mark_orphans,
    read_vectors,
    stored_ids,
)


def test_vector_ids_are_never_reused(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 4), unit_vectors(4))
    with writing(db, "test"):
        mark_orphans(db)
    with writing(db, "test"):
        assert delete_orphans(db, "9999") == 4
    store(db, model, hashes(0, 4), unit_vectors(4))
    assert vector_ids(db) == [5, 6, 7, 8]


def test_saving_a_known_input_keeps_its_vector(db: Database, model: StoredModel) -> None:
    vectors = unit_vectors(3)
    store(db, model, hashes(0, 2), vectors[:2])
    store(db, model, hashes(0, 3), np.concatenate([vectors[1::-1], vectors[2:]]))
    ((ids, found),) = read_vectors(db, model.id, DIMENSION)
    assert len(ids) == 3
    np.testing.assert_array_equal(found, vectors)


def test_known_inputs_among_thousands(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 1200), unit_vectors(1200))
    assert known_inputs(db, model.id, hashes(600, 1800)) == set(hashes(600, 1200))
    assert known_inputs(db, model.id, []) == set()
    assert known_inputs(db, model.id + 1, hashes(0, 3)) == set()


def test_vectors_are_read_in_batches(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 10), unit_vectors(10))
    parts = list(read_vectors(db, model.id, DIMENSION, 1, batch=4))
    assert [ids.tolist() for ids, _ in parts] == [[2, 3, 4, 5], [6, 7, 8, 9], [10]]
    np.testing.assert_array_equal(np.concatenate([vectors for _, vectors in parts]), unit_vectors(10)[1:])


def test_orphans_are_only_those_without_a_chunk(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 4), unit_vectors(4))
    save(db, document("a", hashes(0, 2)))
    with writing(db, "test"):
        mark_orphans(db)
    save(db, document("b", hashes(2, 3)))
    with writing(db, "test"):
        mark_orphans(db)
        assert delete_orphans(db, "9999") == 1
    assert known_inputs(db, model.id, hashes(0, 4)) == set(hashes(0, 3))


def test_the_newest_vectors_are_counted_without_reading_all(db: Database, model: StoredModel) -> None:
    store_range(db, model, 0, 5)
    seen: list[str] = []
    db.conn.set_trace_callback(seen.append)
    assert count_vectors(db, model.id, 3) == 2
    db.conn.set_trace_callback(None)
    plan = db.execute(f"EXPLAIN QUERY PLAN {seen[0]}").fetchall()
    assert [row[3] for row in plan] == ["SEARCH v USING INTEGER PRIMARY KEY (rowid>?)"]


def test_stored_ids_are_those_of_one_model(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 10), unit_vectors(10))
    with writing(db, "test"):
        db.execute("DELETE FROM vectors WHERE id = 4")
    assert stored_ids(db, model.id).tolist() == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert stored_ids(db, model.id + 1).tolist() == []

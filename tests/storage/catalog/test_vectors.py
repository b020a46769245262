"""Vectors: one for each model input, read back as they were stored, orphans among them."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, Descending, document, hashes, save, store, store_range, unit_vectors, vector_ids
from wherein.errors import Damaged
from wherein.storage.catalog.checksums import vector_checksum
from wherein.storage.catalog.connection import open_reader, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import (
    StoredVectors,
    count_live,
    count_orphans,
    count_vectors,
    delete_orphans,
    find_vectors,
    highest_vector_id,
    is_stored_vector,
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


def test_vectors_in_another_order_are_damage(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 3), unit_vectors(3))
    with pytest.raises(Damaged, match="not in the order of their ids; run: wherein verify"):
        list(read_vectors(Descending(db), model.id, DIMENSION))


def test_vectors_are_found_by_their_ids(db: Database, model: StoredModel) -> None:
    vectors = unit_vectors(1_200)
    store(db, model, hashes(0, 1_200), vectors)
    wanted = np.array([1_200, 7, 5_000, 1, *range(100, 900)])
    ids, found = find_vectors(db, model.id, DIMENSION, wanted)
    assert sorted(ids.tolist()) == [1, 7, *range(100, 900), 1_200]
    np.testing.assert_array_equal(found, vectors[ids - 1])
    assert find_vectors(db, model.id + 1, DIMENSION, wanted)[1].shape == (0, DIMENSION)


def test_counts_of_vectors(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 5), unit_vectors(5))
    save(db, document("a", hashes(1, 4)))
    assert (highest_vector_id(db, model.id), highest_vector_id(db, model.id + 1)) == (5, 0)
    assert (count_vectors(db, model.id), count_vectors(db, model.id, 2), count_vectors(db, model.id, 2, 4)) == (5, 3, 2)
    assert (count_live(db, model.id), count_live(db, model.id, 2)) == (3, 2)
    live = np.concatenate([ids for ids, _ in read_vectors(db, model.id, DIMENSION, live=True)])
    assert live.tolist() == [2, 3, 4]
    with writing(db, "test"):
        mark_orphans(db)
    assert count_orphans(db) == 2


@pytest.mark.parametrize(
    ("dimension", "name", "raw"),
    [(3, b"n", bytes(8)), ("2", b"n", bytes(8)), (2, "n", bytes(8)), (2, b"n", None), (2, b"m", bytes(8))],
)
def test_damaged_columns_are_not_a_vector(dimension: object, name: object, raw: object) -> None:
    checksum = vector_checksum(b"n", bytes(8))
    assert is_stored_vector(2, b"n", bytes(8), checksum)
    assert not is_stored_vector(2, b"n", bytes(8), checksum + 1)
    assert not is_stored_vector(dimension, name, raw, checksum)


def test_vectors_are_read_again_after_any_change(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 3), unit_vectors(3))
    _, _, path = db.execute("PRAGMA database_list").fetchone()
    wanted = np.array([2, 1, 99])
    with closing(open_reader(Path(path).parent)) as reader:
        own, others = StoredVectors(db, model), StoredVectors(reader, model)
        for stored in (own, others, own, others):
            found, vectors = stored.find(wanted)
            assert sorted(found.tolist()) == [1, 2]
            np.testing.assert_array_equal(vectors, unit_vectors(3)[found - 1])
        with writing(db, "test"):
            db.execute("DELETE FROM vectors WHERE id = 1")
        for stored in (own, others):
            assert stored.find(wanted)[0].tolist() == [2]
            assert stored.find(np.empty(0, np.int64))[1].shape == (0, model.dimension)

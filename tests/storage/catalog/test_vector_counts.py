"""Counts of vectors are remembered; what came since is added, and they are void once something is gone."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save, store, unit_vectors
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vector_counts import (
    VectorCounts,
    forget_vector_counts,
    remember_vector_counts,
    update_vector_counts,
    vector_counts,
)
from wherein.storage.catalog.vectors import delete_orphans, mark_orphans


@pytest.fixture
def counted(db: Database, model: StoredModel) -> Database:
    """A catalog of five vectors, two of them orphans, whose counts are remembered."""
    store(db, model, hashes(0, 5), unit_vectors(5))
    save(db, document("a", hashes(0, 2)), document("b", hashes(2, 3)))
    with writing(db, "test"):
        mark_orphans(db)
        remember_vector_counts(db, model.id)
    return db


def change_what_is_remembered(db: Database, old: str, new: str) -> None:
    with writing(db, "test"):
        db.execute("UPDATE settings SET value = replace(value, ?, ?) WHERE key = 'vector counts'", [old, new])


def test_counts_are_remembered(counted: Database, model: StoredModel) -> None:
    assert vector_counts(counted, model.id) == VectorCounts(3, 2)
    counted.execute("UPDATE vectors SET orphaned_at = NULL")  # nothing that a count would overlook
    assert vector_counts(counted, model.id) == VectorCounts(3, 2)
    with writing(counted, "test"):
        forget_vector_counts(counted)
    assert vector_counts(counted, model.id) == VectorCounts(3, 0)


def test_nothing_is_remembered_of_an_empty_catalog(db: Database, model: StoredModel) -> None:
    assert vector_counts(db, model.id) == VectorCounts(0, 0)


@pytest.mark.parametrize(
    ("change", "live"),
    [
        (lambda db, _: db.execute("DELETE FROM documents WHERE uri = 'a'"), 1),
        (lambda db, _: save(db, document("c", hashes(3, 5))), 5),
        (lambda db, model: (store(db, model, hashes(5, 6), unit_vectors(1)), save(db, document("c", hashes(5, 6)))), 4),
        (lambda db, _: (db.execute("DELETE FROM documents WHERE uri = 'b'"), save(db, document("b", hashes(4, 5)))), 3),
        (lambda db, _: save(db, document("c", hashes(0, 4)), document("d", hashes(3, 4))), 4),
        (lambda db, _: (save(db, document("c", hashes(3, 4))), db.execute("DELETE FROM documents WHERE uri = 'c'")), 3),
        (lambda db, model: store(db, model, hashes(5, 7), unit_vectors(2)), 3),
    ],
    ids=["removed", "returned", "new", "replaced", "returned twice", "came and went", "no passage yet"],
)
def test_counts_follow_a_change(
    counted: Database, model: StoredModel, change: Callable[[Database, StoredModel], object], live: int
) -> None:
    change(counted, model)
    assert vector_counts(counted, model.id) == VectorCounts(live, 2)


def test_what_came_since_is_counted_without_the_rest(counted: Database, model: StoredModel) -> None:
    counted.execute("UPDATE chunks SET input_hash = x'00' WHERE document_id = 1 AND ordinal = 0")  # overlooked
    save(counted, document("c", hashes(3, 4)))
    assert vector_counts(counted, model.id) == VectorCounts(4, 2)


def test_counts_are_void_when_orphans_are_deleted(counted: Database, model: StoredModel) -> None:
    with writing(counted, "test"):
        assert delete_orphans(counted, "9999") == 2
    assert vector_counts(counted, model.id) == VectorCounts(3, 0)


@pytest.mark.parametrize("damage", [(", 3, 2,", ", 4, 2,"), ("[", "{"), ("]", ', "x"]'), ("[1, ", "[2, ")])
def test_damaged_counts_are_counted_again(counted: Database, model: StoredModel, damage: tuple[str, str]) -> None:
    change_what_is_remembered(counted, *damage)
    counted.execute("UPDATE vectors SET orphaned_at = NULL WHERE id = 5")
    assert vector_counts(counted, model.id) == VectorCounts(3, 1)


def test_counts_are_of_one_model(counted: Database, model: StoredModel) -> None:
    assert vector_counts(counted, model.id + 1).live == 0


def test_what_came_since_is_added_to_what_is_remembered(counted: Database, model: StoredModel) -> None:
    save(counted, document("c", hashes(3, 4)))
    with writing(counted, "test"):
        update_vector_counts(counted, model.id)
    counted.execute("UPDATE chunks SET input_hash = x'00' WHERE document_id = 3")  # overlooked: it is not new any more
    assert vector_counts(counted, model.id) == VectorCounts(4, 2)


def test_void_counts_are_not_updated(counted: Database, model: StoredModel) -> None:
    (before,) = counted.execute("SELECT value FROM settings WHERE key = 'vector counts'").fetchone()
    counted.execute("DELETE FROM documents WHERE uri = 'a'")
    with writing(counted, "test"):
        update_vector_counts(counted, model.id)
    assert counted.execute("SELECT value FROM settings WHERE key = 'vector counts'").fetchone() == (before,)
    assert vector_counts(counted, model.id) == VectorCounts(1, 2)


def test_counts_that_were_never_remembered_are(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 2), unit_vectors(2))
    save(db, document("a", hashes(0, 2)))
    with writing(db, "test"):
        update_vector_counts(db, model.id)
    db.execute("UPDATE chunks SET input_hash = x'00' WHERE ordinal = 0")  # overlooked
    assert vector_counts(db, model.id) == VectorCounts(2, 0)

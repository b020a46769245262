"""The model that a library is bound to."""

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, document, hashes, save, store, unit_vectors
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import (
    MODEL_COPY,
    StoredModel,
    add_model,
    bind_model,
    bound_model,
    drop_earlier_model,
    earlier_model,
    model_folder,
    now,
    remember_earlier_model,
    remember_model_folder,
    remembered_model,
    switch_model,
)
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, list_generations


def test_a_library_cannot_be_bound_to_a_second_model(db: Database, model: StoredModel) -> None:
    assert bound_model(db) == model
    with pytest.raises(sqlite3.IntegrityError), writing(db, "test"):
        bind_model(db, fingerprint="0" * 16, name="n", version="1", precision="w8a8", dimension=DIMENSION)
    assert bound_model(db) == model


def add(db: Database, name: str, dimension: int = DIMENSION) -> StoredModel:
    with writing(db, "test"):
        return add_model(db, fingerprint=name * 16, name=name, version="1", precision="w8a8", dimension=dimension)


def test_a_new_library_is_bound_to_no_model(db: Database) -> None:
    assert bound_model(db) is None
    assert earlier_model(db) is None
    assert model_folder(db) == ""


def test_a_registered_model_is_not_bound_and_keeps_its_id(db: Database, model: StoredModel) -> None:
    other = add(db, "o", dimension=24)
    assert other.id != model.id
    assert add(db, "o", dimension=24) == other
    assert bound_model(db) == model


def test_after_a_switch_the_previous_model_is_the_earlier_one(db: Database, model: StoredModel) -> None:
    other = add(db, "o")
    with writing(db, "test"):
        remember_earlier_model(db, model, "/models/m")
        switch_model(db, other)
        remember_model_folder(db, "/models/o")
    assert bound_model(db) == other
    assert earlier_model(db) == (model, "/models/m")
    assert model_folder(db) == "/models/o"


def test_dropping_the_earlier_model_deletes_its_vectors_and_generations(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    store(db, model, hashes(0, 3), unit_vectors(3))
    save(db, document("a", hashes(0, 3)))
    write_generation(db, tmp_path, model)
    keywords = write_generation(db, tmp_path, model, KEYWORDS)
    other = add(db, "o")
    store(db, other, hashes(0, 2), unit_vectors(2))
    with writing(db, "test"):
        remember_earlier_model(db, model, "")
        switch_model(db, other)
    new = write_generation(db, tmp_path, other)
    with writing(db, "test"):
        assert drop_earlier_model(db, model) == 3
    assert earlier_model(db) is None
    assert [generation.id for generation in list_generations(db)] == [
        keywords.id,
        new.id,
    ]  # keywords do not depend on a model
    assert db.execute("SELECT DISTINCT model_id FROM vectors").fetchall() == [(other.id,)]


@pytest.mark.parametrize(
    "change", ["DELETE FROM settings WHERE key = 'model'", "UPDATE settings SET value = '7' WHERE key = 'model'"]
)
def test_a_library_that_lost_its_model_is_damaged(db: Database, model: StoredModel, change: str) -> None:
    with writing(db, "test"):
        db.execute(change)
    with pytest.raises(Damaged, match=r"^The catalog does not say which model it belongs to; run: wherein verify$"):
        bound_model(db)


def test_the_second_copy_of_the_model_is_checked(db: Database, model: StoredModel) -> None:
    (copy,) = db.execute("SELECT value FROM settings WHERE key = ?", [MODEL_COPY]).fetchone()
    assert remembered_model(copy) == model
    assert remembered_model(copy.replace('"m"', '"n"')) is None
    for damaged in ("", "[", "7", "[]", "[1]", None, b"\xff", copy[:-1]):
        assert remembered_model(damaged) is None


def test_a_damaged_record_of_the_earlier_model_is_reported(db: Database, model: StoredModel) -> None:
    with writing(db, "test"):
        remember_earlier_model(db, model, "")
        db.execute("UPDATE settings SET value = '[' WHERE key = 'earlier model'")
    with pytest.raises(Damaged, match="which model it had before"):
        earlier_model(db)


def test_times_are_stored_in_utc_with_milliseconds() -> None:
    stamp = now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", stamp)
    assert datetime.fromisoformat(stamp).tzinfo == UTC

"""The model that a library is bound to."""

import sqlite3

import pytest
from sqlite_utils import Database

from catalogs import DIMENSION
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel, bind_model, bound_model


def test_model_is_bound_for_good(db: Database, model: StoredModel) -> None:
    assert bound_model(db) == model
    with pytest.raises(sqlite3.IntegrityError), writing(db, "test"):
        bind_model(db, fingerprint="0" * 16, name="n", version="1", precision="w8a8", dimension=DIMENSION)
    assert bound_model(db) == model

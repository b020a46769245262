"""A new catalog, a reader of it, and the model that it is bound to."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import DIMENSION
from wherein.storage.catalog.connection import open_reader, open_writer, writing
from wherein.storage.catalog.models import StoredModel, bind_model


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_writer(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def reader(db: Database, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_reader(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def model(db: Database) -> StoredModel:
    with writing(db, "test"):
        return bind_model(db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION)

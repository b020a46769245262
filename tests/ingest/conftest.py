"""A new catalog that is bound to the toy model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from toy import ToyEncoder
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.models import StoredModel, bind_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The library's folder."""
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


@pytest.fixture
def db(folder: Path) -> Iterator[Database]:
    opened = open_writer(folder)
    yield opened
    opened.close()


@pytest.fixture
def encoder() -> ToyEncoder:
    return ToyEncoder()


@pytest.fixture
def stored(db: Database, encoder: ToyEncoder) -> StoredModel:
    with writing(db, "test"):
        return bind_model(db, fingerprint=encoder.fingerprint, name="toy", version="1", precision="w8a32", dimension=16)

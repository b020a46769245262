"""A small library to damage, and a connection to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from small_library import write_small_library
from wherein.storage.catalog.connection import open_writer
from wherein.storage.catalog.models import StoredModel, bound_model


@pytest.fixture(scope="session")
def sound_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    write_small_library(folder)
    return folder


@pytest.fixture
def library(sound_library: Path, tmp_path: Path) -> Path:
    """The folder of a library of three documents (tests/small_library.py)."""
    return Path(shutil.copytree(sound_library, tmp_path / "library"))


@pytest.fixture
def library_db(library: Path) -> Iterator[Database]:
    opened = open_writer(library)
    yield opened
    opened.close()


@pytest.fixture
def library_model(library_db: Database) -> StoredModel:
    model = bound_model(library_db)
    assert model is not None
    return model

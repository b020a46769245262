"""The shipped model, and an encoder whose vectors depend on no batch."""

import shutil
from pathlib import Path

import pytest

from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, Model, load_model


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="session")
def exact(model: Model, compiled_cache: Path) -> Encoder:
    return Encoder(model, "w8a32", cache=compiled_cache)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_MODEL, tmp_path / "model"))

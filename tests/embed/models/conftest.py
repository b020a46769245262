"""A folder for installed models, and a model to install."""

from pathlib import Path

import pytest

from tiny import write_tiny
from wherein.embed.models.installed import MODELS_VARIABLE


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A zoo download folder."""
    write_tiny(tmp_path / "tiny")
    return tmp_path / "tiny"

"""Where a library was backed up to."""

from pathlib import Path

import pytest

from backups import add, back_up, noted
from wherein.storage.catalog.models import now


@pytest.fixture
def library(tmp_path: Path) -> Path:
    add(tmp_path / "library", "a", seed=1)
    return tmp_path / "library"


def test_the_backups_before_a_time_are_told(library: Path, tmp_path: Path) -> None:
    first = back_up(library, tmp_path / "one")
    between = now()
    while now() == between:
        pass
    second = back_up(library, tmp_path / "two")
    assert noted(library, between) == [first.place]
    assert noted(library) == [first.place, second.place]
    assert noted(library, first.created_at) == []

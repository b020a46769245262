from collections.abc import Callable
from pathlib import Path

import pytest

from library import Library


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def open_library(tmp_path: Path, compiled_cache: Path) -> Callable[[], Library]:
    """Open the test's library anew, with the shipped model at the precision that depends on no batch."""
    return lambda: Library(tmp_path / "library", precision="w8a32", cache=compiled_cache)

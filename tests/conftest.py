import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wherein.library import Library

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def terminal_of_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are as wide as where there is no terminal: pytest-xdist gives its workers the width of its own."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def open_library(tmp_path: Path, compiled_cache: Path) -> Callable[[], Library]:
    """Open the test's library anew, with the shipped model at the precision that depends on no batch."""
    return lambda: Library(tmp_path / "library", precision="w8a32", cache=compiled_cache)


@pytest.fixture
def environment(tmp_path: Path, compiled_cache: Path) -> dict[str, str]:
    """What a command finds in its environment: the test's library, and compiled models that it need not make again."""
    return {
        **os.environ,
        "WHEREIN_LIBRARY": str(tmp_path / "library"),
        "XDG_CACHE_HOME": str(compiled_cache),
    }


@pytest.fixture
def wherein(environment: dict[str, str], tmp_path: Path) -> Command:
    """Run a command in a process of its own."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "wherein", *arguments],
            env=environment, cwd=tmp_path, input=stdin, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    return run

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from empty_catalog import copy_or_migrate
from fork_server import run_command
from inline_pool import InlinePool
from memory_folder import memory_folder
from wherein.library import Library

# Hundreds of processes are started: without this each would compile the whole program again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A user's own folders: tests would find models there, and write to them.
for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "WHEREIN_LIBRARY", "WHEREIN_MODELS", "WHEREIN_HISTORY"):
    os.environ.pop(name, None)

# Processes die in these tests, never the machine: nothing has to reach a disk. Who sets TMPDIR has another folder.
if "TMPDIR" not in os.environ and (in_memory := memory_folder()):
    os.environ["TMPDIR"] = tempfile.tempdir = str(in_memory)

# No test is timed: on a busy machine any of them may take long.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests: at the end of a run no worker then waits long for another."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def unset_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lines be as long as without a terminal: pytest-xdist passes the width of its own terminal to its workers."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def files_are_read_inline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in the test's own process, except in tests marked `workers`: to start a worker takes half a second."""
    if request.node.get_closest_marker("workers") is None:
        monkeypatch.setattr("wherein.library.ingesting.Pool", InlinePool)
        monkeypatch.setattr("wherein.ingest.workers.pool.start_ahead", lambda: None)


@pytest.fixture(autouse=True)
def new_catalogs_are_copied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy an empty catalog into each new library, except in the tests of catalogs and in other processes."""
    if request.path.parent.name != "catalog":
        monkeypatch.setattr("wherein.storage.catalog.connection.migrate", copy_or_migrate)


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of compiled models, shared by all tests of a run, in all of its workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "compiled"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def open_library(tmp_path: Path, compiled_cache: Path) -> Callable[[], Library]:
    """Return a function that opens the test's library, with the shipped model at w8a32.

    At that precision a vector does not depend on the batch it is computed in.
    """
    return lambda: Library(tmp_path / "library", precision="w8a32", cache=compiled_cache)


@pytest.fixture
def environment(tmp_path: Path, compiled_cache: Path) -> dict[str, str]:
    """The environment of a command: it names the test's library and the folder of compiled models."""
    return {
        **os.environ,
        "WHEREIN_LIBRARY": str(tmp_path / "library"),
        "XDG_CACHE_HOME": str(compiled_cache),
    }


@pytest.fixture
def wherein(environment: dict[str, str], tmp_path: Path) -> Command:
    """Return a function that runs a command in a process of its own, which need not import the program."""
    return partial(run_command, environment=environment, folder=tmp_path)


@pytest.fixture
def program(environment: dict[str, str], tmp_path: Path) -> Command:
    """Return a function that starts the program as a person does, which takes a second longer than `wherein`."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "wherein", *arguments],
            env=environment, cwd=tmp_path, input=stdin, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    return run

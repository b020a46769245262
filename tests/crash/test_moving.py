"""The process dies at every step of an export or an import: nothing incomplete has the final name, and the next run
finishes."""

import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from exports import every_kind, opened
from invariants import checked_state
from mortal import finish, start
from toy import ToyEncoder
from wherein.storage.disk.failpoints import EXIT_CODE, POINTS
from wherein.storage.export import filling, table_file

pytest.importorskip("pyarrow", reason="exports are Parquet files; install wherein[cluster]")

EXPORT = [name for name in POINTS if name.startswith("export.")]
STEPS = ("store.begin", "store.upsert", "store.records")
IMPORT = [
    *(f"{step}.{moment}" for step in STEPS for moment in ("begun", "written", "committed")),
    *(f"store.upsert.committed@{number}" for number in (2, 5, 9)),
    *(f"import.step@{number}" for number in (1, 2, 7)),
    *(name for name in POINTS if name.startswith("import.") and name not in ("import.step", "import.published")),
]  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    return every_kind(folder / "library", folder / "docs").folder


def export(library: Path, target: Path, acknowledge: Connection) -> None:
    table_file._ROWS = 3
    opened(library).export(target)
    acknowledge.send("export")


def import_export(library: Path, export: Path, acknowledge: Connection) -> None:
    filling._DOCUMENTS = 1
    opened(library).import_export(export)
    acknowledge.send("import")


@pytest.mark.parametrize("way", ["exit", "kill"])
@pytest.mark.parametrize("failpoint", EXPORT)
def test_death_at_every_step_of_an_export(library: Path, tmp_path: Path, failpoint: str, way: str) -> None:
    target = tmp_path / "export"
    process, receiver = start(export, library, target, f"{failpoint}:{way}")
    assert finish(process, receiver) == []
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    complete = failpoint == "export.renamed"
    assert target.exists() == complete
    if not complete:
        process, receiver = start(export, library, target)
        assert finish(process, receiver) == ["export"]
        assert not target.with_name(".export.part").exists()
    assert opened(tmp_path / "copy").import_export(target).overlap == 1.0


@pytest.mark.parametrize("way", ["exit", "kill"])
@pytest.mark.parametrize("failpoint", IMPORT)
def test_death_at_every_step_of_an_import(library: Path, tmp_path: Path, failpoint: str, way: str) -> None:
    first = opened(library).export(tmp_path / "export")
    copy = tmp_path / "copy"
    process, receiver = start(import_export, copy, tmp_path / "export", f"{failpoint}:{way}")
    assert finish(process, receiver) == []
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    complete = failpoint == "import.renamed"
    assert copy.exists() == complete
    if not complete:
        process, receiver = start(import_export, copy, tmp_path / "export")
        assert finish(process, receiver) == ["import"]
        assert not copy.with_name(".copy.part").exists()
    assert opened(copy).export(tmp_path / "again").identity == first.identity
    checked_state(copy, ToyEncoder())

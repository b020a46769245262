"""The process dies while segments are written: questions are answered as before, and the next run finishes."""

import shutil
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from deaths import WAYS
from invariants import checked_state
from mortal import finish, start
from small_segments import write_segments
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.disk.failpoints import EXIT_CODE, POINTS, STEPS
from wherein.storage.index.generations import KINDS

REGISTER = [f"{step}.{moment}" for step in STEPS if step.startswith("segment.")
            for moment in ("begun", "written", "committed")]  # fmt: skip
WRITE = [name for name in POINTS if name.startswith(("generation.", "keywords."))]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a delta; `docs` beside it."""
    scene = tmp_path_factory.mktemp("scene")
    docs = scene / "docs"
    docs.mkdir()
    for number in range(12):
        (docs / f"{number}.txt").write_text("\n\n".join(f"Lot {number}.{m} has {m} barrels." * 3 for m in range(20)))
        if number % 6 == 5:
            Library(scene / "library", encoder=ToyEncoder()).ingest([str(docs)])
    return scene


def write(folder: Path, _: Path, acknowledge: Connection) -> None:
    write_segments(folder)
    acknowledge.send("written")


def answer(folder: Path) -> list[tuple[str, float]]:
    with Library(folder, encoder=ToyEncoder()) as library:
        return [(hit.text, hit.score) for hit in library.query("lot 9.3 has 3 barrels", 20).hits]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", [*REGISTER, *(f"{name}@1" for name in WRITE)])
def test_death_while_segments_are_written(scene: Path, tmp_path: Path, point: str, way: str) -> None:
    folder = Path(shutil.copytree(scene / "library", tmp_path / "library"))
    before = answer(folder)
    process, receiver = start(write, folder, scene / "docs", f"{point}:{way}")
    assert finish(process, receiver) == []
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    assert answer(folder) == before
    assert not Library(folder, encoder=ToyEncoder()).verify(deep=True).damaged
    assert KINDS[-1] in write_segments(folder)
    assert answer(folder) == before
    Library(folder, encoder=ToyEncoder()).reindex()
    assert len(checked_state(folder, ToyEncoder())) == 12
    assert not [path for path in (folder / "generations").iterdir() if path.suffix == ".tmp"]

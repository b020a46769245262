"""The process dies at every step of a reindex, a rollback or a change of models; the next run finishes."""

from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from deaths import WAYS
from invariants import Kept, checked_state
from lots import open_with_both_models, other_encoder, write_lots
from mortal import finish, start
from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.library import Library
from wherein.storage.disk.failpoints import POINTS, STEPS

FAILPOINTS = [
    f"{step}.{moment}"
    for step in STEPS
    if step.startswith(("golden", "night", "generation.", "earlier-model", "reembed.switch"))
    for moment in ("begun", "written", "committed")
] + [name for name in POINTS if name.startswith("generation")]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(write_lots(tmp_path / "docs"))])
    return library


def reindex_in_every_way(folder: Path, docs: Path, acknowledge: Connection) -> None:
    """Run a reindex and the commands around it, with everything that they write."""
    library = Library(folder, encoder=ToyEncoder())
    both = open_with_both_models(folder)
    if library.status().model == "other":
        both.roll_back()
    with suppress(WhereinError):  # there is no previous model the first time
        library.finish()
    row = library.add_golden("eel on quay 7", "7")
    library.ingest_stream("late", b"One more lot came late.")
    library.reindex()
    library.ingest_stream("later", b"Another lot came later.")
    library.reindex()
    library.roll_back()
    library.reindex()
    library.remove_golden(str(row.id))
    both.reindex(model="other")
    both.roll_back()
    library.finish()
    acknowledge.send("done")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_death_at_every_step_of_a_reindex(library: Library, tmp_path: Path, failpoint: str, way: str) -> None:
    before = {uri: kept.text for uri, kept in checked_state(library.folder, ToyEncoder()).items()}
    process, receiver = start(reindex_in_every_way, library.folder, tmp_path, f"{failpoint}:{way}")
    assert finish(process, receiver) == []
    assert process.exitcode != 0
    state = state_of(library.folder)
    assert {uri: kept.text for uri, kept in state.items() if uri in before} == before
    process, receiver = start(reindex_in_every_way, library.folder, tmp_path)
    assert finish(process, receiver) == ["done"]
    assert len(checked_state(library.folder, ToyEncoder())) == 32


def state_of(folder: Path) -> dict[str, Kept]:
    """Return the checked state of a library that is bound to either of the two models."""
    name = Library(folder, encoder=ToyEncoder()).status().model
    return checked_state(folder, ToyEncoder() if name == "toy" else other_encoder())

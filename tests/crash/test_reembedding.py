"""A library whose process dies while it is moved to another model."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from invariants import checked_state
from mortal import finish, start
from two_models import count_vectors, move, new, old, texts, write_scenes
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model
from wherein.storage.disk.failpoints import POINTS, STEPS

CHECKPOINTS = ("checkpoint.begun", "checkpoint.done")


MOMENTS = ("begun", "written", "committed")


FAILPOINTS = [
    *(f"{step}.{moment}" for step in STEPS if step.startswith("reembed.") for moment in MOMENTS),
    *(f"reembed.batch.{moment}@2" for moment in MOMENTS),
    *(name for name in POINTS if name.startswith("generation.")),
    "reindex.orphans.written",
    *CHECKPOINTS,
]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def states(scenes: Path) -> dict[str, dict[str, object]]:
    """The texts and passages that the library has before and after the move."""
    encoders = {"before": old(), "after": new()}
    return {name: texts(checked_state(scenes / name, encoder)) for name, encoder in encoders.items()}


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_death_at_every_step_of_the_move(
    scenes: Path, states: dict[str, dict[str, object]], tmp_path: Path, failpoint: str
) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    process, receiver = start(move, library, scenes / "docs", f"{failpoint}:kill")
    finish(process, receiver)
    assert process.exitcode == -9
    with closing(open_reader(library)) as db:
        bound = bound_model(db)
    assert bound
    moved = bound.fingerprint == new().fingerprint
    assert moved == (failpoint in ("reembed.switch.committed", "reindex.orphans.written", *CHECKPOINTS))
    answering, expected = (new(), "after") if moved else (old(), "before")
    state = checked_state(library, answering)
    # After the switch alone, what has headings is still cut by those that are stored.
    assert texts(state) == states[expected] or failpoint == "reembed.switch.committed"
    assert not Library(library, encoder=answering).verify().damaged
    kept = count_vectors(library, new().fingerprint)
    summary = Library(library, encoder=new()).reindex(model="other")
    assert kept + summary.embedded == count_vectors(scenes / "after", new().fingerprint)
    assert texts(checked_state(library, new())) == states["after"]
    assert len(list((library / "generations").iterdir())) <= 4


def test_what_is_ingested_between_two_attempts_is_moved_too(scenes: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    finish(*start(move, library, scenes / "docs", "reembed.switch.begun:kill"))
    docs = tmp_path / "more"
    docs.mkdir()
    (docs / "more.txt").write_text("Ten ships lie in the harbour, and one of them is blue.\n" * 9)
    Library(library, encoder=old()).ingest([str(docs)])
    assert "harbour" in Library(library, encoder=old()).query("ships in the harbour", 1).hits[0].text
    summary = Library(library, encoder=new()).reindex(model="other")
    assert 0 < summary.embedded < 40
    checked_state(library, new())
    hits = Library(library, encoder=new()).query("ships in the harbour", 200).hits
    assert any("harbour" in hit.text for hit in hits)

"""The reindex, the change of models and the rollback without a `Library`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invariants import checked_state
from toy import ToyEncoder
from wherein.errors import ModelMismatch, Refused, WhereinError
from wherein.ingest.progress.reindex_report import ReindexRecorder, ReindexReport, Stage, recorded
from wherein.library.ingesting import RunFactory, ingest_sources
from wherein.library.model_change import ModelChange, drop_previous_model, roll_back
from wherein.library.models import LibraryModel, ModelChoice, library_model
from wherein.library.opening import open_for_writing
from wherein.library.reindexing import ReindexOptions, ReindexRun, reindex
from wherein.library.sources import SourceRequest
from wherein.storage.catalog.models import bound_model


def other() -> ToyEncoder:
    return ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")


class BothModels(ModelChoice):
    def stored_encoder(self, library: LibraryModel) -> Any:
        wanted = library.stored.fingerprint
        return next(encoder for encoder in (ToyEncoder(), other()) if encoder.fingerprint == wanted)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.txt").write_text(f"Lot {number} has {number * 7} barrels of herring.")
    return folder


@pytest.fixture
def runs(tmp_path: Path, docs: Path) -> RunFactory:
    runs = RunFactory(tmp_path / "library", ModelChoice(encoder=ToyEncoder()), jobs=1)  # type: ignore[arg-type]
    ingest_sources(runs, SourceRequest.of([str(docs)]))
    return runs


@pytest.fixture
def opened(runs: RunFactory) -> Iterator[tuple[Any, list[Any], ReindexRecorder]]:
    events: list[Any] = []
    with open_for_writing(runs.folder, wait=False) as db, recorded(db, runs.folder, events.append) as recorder:
        yield db, events, recorder


def test_a_run_goes_through_its_stages(
    runs: RunFactory, docs: Path, opened: tuple[Any, list[Any], ReindexRecorder]
) -> None:
    db, events, recorder = opened
    (docs / "late.txt").write_text("A lot that came late.")
    (docs / "3.txt").unlink()
    tally = ReindexRun(db, runs, ReindexOptions(), recorder, events.append).run(["two commits were lost"])
    assert (tally["new"], tally["removed"], tally["unchanged"], tally["failed"]) == (1, 1, 11, 1)
    stages = [event for event in events if isinstance(event, Stage)]
    assert [stage.name for stage in stages] == ["ingest", "remove", "index", "clean up"]
    assert recorder.fitness is not None
    assert recorder.fitness.recall == 1


def test_a_chosen_index_that_does_not_suit_is_reported(runs: RunFactory) -> None:
    events: list[Any] = []
    reindex(runs, ReindexOptions(index="ivf"), report=events.append)
    (problem,) = [event for event in events if getattr(event, "uri", "") == "--index ivf"]
    assert "searched exactly" in problem.reason
    assert isinstance(events[-1], ReindexReport)


def test_a_model_change_is_embedded_before_it_is_switched(
    runs: RunFactory, opened: tuple[Any, list[Any], ReindexRecorder]
) -> None:
    db, _, recorder = opened
    old = library_model(db)
    assert old is not None
    change = ModelChange(db, runs.folder, old, other())  # type: ignore[arg-type]
    assert change.embed(look_ahead=True)
    assert change.tally["embedded"] == 12
    assert bound_model(db) == old.stored
    change.switch_if_fit(ToyEncoder(), 5.0, recorder)  # type: ignore[arg-type]
    new = bound_model(db)
    assert new is not None
    assert new.name == "other"
    assert recorder.fitness is not None


def test_a_stopped_model_change_leaves_the_old_model(
    runs: RunFactory, opened: tuple[Any, list[Any], ReindexRecorder]
) -> None:
    db, _, _ = opened
    old = library_model(db)
    assert old is not None
    change = ModelChange(db, runs.folder, old, other(), stop=lambda: True)  # type: ignore[arg-type]
    assert not change.embed()
    assert bound_model(db) == old.stored


def test_a_refused_model_change_leaves_the_old_model(
    runs: RunFactory, opened: tuple[Any, list[Any], ReindexRecorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    db, _, recorder = opened
    old = library_model(db)
    assert old is not None

    def refuse(*_: object) -> None:
        raise Refused("not fit")

    monkeypatch.setattr("wherein.library.model_change.check_fitness", refuse)
    change = ModelChange(db, runs.folder, old, other())  # type: ignore[arg-type]
    change.embed()
    with pytest.raises(Refused):
        change.switch_if_fit(None, 5.0, recorder)
    assert bound_model(db) == old.stored


def test_back_to_the_previous_model_and_then_without_it(runs: RunFactory) -> None:
    both = BothModels(encoder=other())  # type: ignore[arg-type]
    before = checked_state(runs.folder, ToyEncoder())
    reindex(RunFactory(runs.folder, both, 1), ReindexOptions(model="other"))
    checked_state(runs.folder, other())
    assert roll_back(runs.folder, both) == "the model toy at w8a32 answers again"
    assert checked_state(runs.folder, ToyEncoder()) == before
    assert drop_previous_model(runs.folder) == 12
    with pytest.raises(WhereinError, match="no earlier model"):
        drop_previous_model(runs.folder)


def test_a_model_that_is_not_installed_is_none(runs: RunFactory) -> None:
    with open_for_writing(runs.folder, wait=False) as db:
        library = library_model(db)
    assert library is not None
    missing = ModelChoice(encoder=other())  # type: ignore[arg-type]
    assert missing.installed_encoder(library) is None
    assert runs.models.installed_encoder(library) is runs.models.encoder
    with pytest.raises(ModelMismatch):
        missing.encoder_of(library)
    with pytest.raises(ModelMismatch, match="--precision w8a8"):
        ModelChoice(precision="w8a8").encoder_of(library)

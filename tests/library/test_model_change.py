"""Changing a library's model, going back to the previous model or index, and dropping the previous model."""

from pathlib import Path
from typing import Any

import pytest

from invariants import checked_state
from lots import BothModels, answers, open_with_both_models, other_encoder, reindex_report, write_lots
from toy import ToyEncoder
from wherein.errors import Refused, WhereinError
from wherein.ingest.progress.reindex_report import ReindexRecorder
from wherein.library import Library
from wherein.library.ingesting import RunFactory
from wherein.library.model_change import ModelChange, drop_previous_model, roll_back
from wherein.library.models import library_model
from wherein.library.reindexing import ReindexOptions, reindex
from wherein.storage.catalog.models import bound_model


def test_a_model_change_is_embedded_before_it_is_switched(
    runs: RunFactory, opened: tuple[Any, list[Any], ReindexRecorder]
) -> None:
    db, _, recorder = opened
    old = library_model(db)
    assert old is not None
    change = ModelChange(db, runs.folder, old, other_encoder())  # type: ignore[arg-type]
    assert change.embed(look_ahead=True)
    assert change.tally["embedded"] == 12
    assert bound_model(db) == old.stored
    change.switch_if_fit(ToyEncoder(), 5.0, recorder)  # type: ignore[arg-type]
    new = bound_model(db)
    assert new is not None
    assert new.name == "other"
    assert recorder.index_check is not None


def test_a_stopped_model_change_leaves_the_old_model(
    runs: RunFactory, opened: tuple[Any, list[Any], ReindexRecorder]
) -> None:
    db, _, _ = opened
    old = library_model(db)
    assert old is not None
    change = ModelChange(db, runs.folder, old, other_encoder(), stop=lambda: True)  # type: ignore[arg-type]
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

    monkeypatch.setattr("wherein.library.model_change.check_index", refuse)
    change = ModelChange(db, runs.folder, old, other_encoder())  # type: ignore[arg-type]
    change.embed()
    with pytest.raises(Refused):
        change.switch_if_fit(None, 5.0, recorder)
    assert bound_model(db) == old.stored


def test_back_to_the_previous_model_and_then_without_it(runs: RunFactory) -> None:
    both = BothModels(encoder=other_encoder())  # type: ignore[arg-type]
    before = checked_state(runs.folder, ToyEncoder())
    reindex(RunFactory(runs.folder, both, 1), ReindexOptions(model="other"))
    checked_state(runs.folder, other_encoder())
    assert roll_back(runs.folder, both) == "the model toy at w8a32 answers again"
    assert checked_state(runs.folder, ToyEncoder()) == before
    assert drop_previous_model(runs.folder) == 12
    with pytest.raises(WhereinError, match="no earlier model"):
        drop_previous_model(runs.folder)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(write_lots(tmp_path / "docs"))])
    return library


def test_rollback_returns_to_the_previous_index(library: Library) -> None:
    library.ingest_stream("late", b"One more lot came late.")
    before = answers(library, "semantic")
    library.reindex()
    assert library.status().generation == 3
    assert library.roll_back().startswith("the index 000001.faiss of ")
    assert (library.status().generation, library.status().delta) == (1, 1)
    assert answers(library, "semantic") == before
    checked_state(library.folder, ToyEncoder())
    with pytest.raises(WhereinError, match="There is no earlier generation"):
        library.roll_back()
    assert reindex_report(library).recall == 1
    assert library.status().delta == 0


def test_rollback_returns_to_the_previous_model_until_that_is_dropped(library: Library, tmp_path: Path) -> None:
    before = answers(library)
    texts = {uri: kept.text for uri, kept in checked_state(library.folder, ToyEncoder()).items()}
    both = open_with_both_models(library.folder)
    both.reindex(model="other")
    (tmp_path / "docs" / "new.txt").write_text("A new text about nothing of the kind, " + "word " * 120)
    Library(library.folder, encoder=other_encoder()).ingest([str(tmp_path / "docs")])
    assert both.roll_back() == "the model toy at w8a32 answers again"
    after = {uri: kept.text for uri, kept in checked_state(library.folder, ToyEncoder()).items()}
    assert {uri: text for uri, text in after.items() if uri in texts} == texts
    assert len(after) == 31
    assert answers(Library(library.folder, encoder=ToyEncoder()))[0][0] == before[0][0]
    assert library.drop_previous_model() > 0
    with pytest.raises(WhereinError, match="There is no earlier model"):
        library.finish()
    checked_state(library.folder, ToyEncoder())

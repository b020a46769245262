"""Reindexing: what a run does stage by stage, what a new index must pass, and how a run is stopped and resumed."""

import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from card import card_model_folder, small
from invariants import checked_state
from lots import answers, open_with_both_models, other_encoder, reindex_report, write_lots
from mortal import finish, start
from toy import ToyEncoder
from wherein.embed.encoder import Key, Matrix
from wherein.embed.model import load_model
from wherein.embed.tokenizer import Question
from wherein.errors import Refused
from wherein.ingest.progress.reindex_report import ReindexRecorder, ReindexReport, Stage
from wherein.library import Library
from wherein.library.ingesting import RunFactory
from wherein.library.reindexing import ReindexOptions, ReindexRun, reindex
from wherein.storage.index import build as building

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(write_lots(tmp_path / "docs"))])
    return library


# Stages.


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
    assert recorder.index_check is not None
    assert recorder.index_check.recall == 1


def test_every_stage_is_reported_and_kept(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs" / "lot-0003.txt").unlink()
    (tmp_path / "docs" / "lot-0004.txt").write_text("The fourth lot was sold.")
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    assert library.status().stale == 2
    report = reindex_report(library)
    assert [stage.name for stage in report.stages] == ["ingest", "remove", "index", "clean up"]
    assert [stage.said for stage in report.stages[:3]] == [
        "1 new, 1 changed, 28 unchanged, 2 embedded", "1 removed", "a new one answers",
    ]  # fmt: skip
    assert (report.outcome, report.recall, report.golden, report.moved) == ("done", 1.0, None, ())
    status = library.status()
    assert (status.stale, status.delta, status.orphans) == (0, 0, 2)
    assert sum(status.parts.values()) == status.bytes
    assert min(status.parts[name] for name in ("catalogue", "index", "keywords")) > 0


class UnusedEncoder(ToyEncoder):
    """A model that must not be loaded."""

    def prepare(self) -> None:
        raise AssertionError

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        assert list(items) == []
        return iter(())

    def encode_tokenized(self, questions: Sequence[Question]) -> Matrix:
        raise AssertionError

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        raise AssertionError


def test_when_nothing_has_changed_neither_model_nor_check_is_needed(library: Library) -> None:
    library.add_golden("eel on quay 7", "7")
    files = sorted(path.name for path in (library.folder / "generations").iterdir())
    report = reindex_report(Library(library.folder, encoder=UnusedEncoder()))
    assert (report.outcome, report.recall, report.golden) == ("done", None, None)
    assert sorted(path.name for path in (library.folder / "generations").iterdir()) == files


def test_only_what_changed_is_embedded(tmp_path: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(write_lots(tmp_path / "docs", 300))])
    for number in range(0, 300, 100):
        (tmp_path / "docs" / f"lot-{number:04}.txt").write_text(f"Another text of lot {number}.")
    summary = library.reindex()
    assert (summary.changed, summary.unchanged, summary.embedded) == (3, 297, 3)


def test_a_chosen_index_that_does_not_suit_is_reported(runs: RunFactory) -> None:
    events: list[Any] = []
    reindex(runs, ReindexOptions(index="ivf"), report=events.append)
    (problem,) = [event for event in events if getattr(event, "uri", "") == "--index ivf"]
    assert "searched exactly" in problem.reason
    assert isinstance(events[-1], ReindexReport)


def test_a_reindex_that_was_killed_is_shown_as_unfinished(library: Library) -> None:
    process, receiver = start(ingest_and_reindex, library.folder, library.folder, "generation.renamed:kill")
    finish(process, receiver)
    assert process.exitcode == -signal.SIGKILL
    kept = library.status().night
    assert kept is not None
    assert (kept["outcome"], kept["ended_at"]) == ("unfinished", None)
    assert reindex_report(library).outcome == "done"


def ingest_and_reindex(folder: Path, *_: object) -> None:
    library = Library(folder, encoder=ToyEncoder())
    library.ingest_stream("late", b"One more lot came late.")
    library.reindex()


# Documents whose files are gone.


def test_more_than_a_fifth_of_a_source_is_removed_only_with_accept_removals(library: Library, tmp_path: Path) -> None:
    for number in range(11):
        (tmp_path / "docs" / f"lot-{number:04}.txt").unlink()
    events: list[Any] = []
    summary = library.reindex(report=events.append)
    assert (summary.removed, summary.failed) == (0, 1)
    assert library.status().documents == 30
    (reason,) = (event.reason for event in events if hasattr(event, "kind"))
    assert reason.startswith("11 of its 30 documents are gone; they are kept")
    assert library.reindex(accept_removals=True).removed == 11
    assert library.status().documents == 19


def test_up_to_ten_documents_are_removed_without_asking(library: Library, tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / "docs" / f"lot-{number:04}.txt").unlink()
    assert library.reindex().removed == 10


def test_a_source_that_is_not_mounted_keeps_its_documents(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs").rename(tmp_path / "elsewhere")
    for accept in (False, True):
        summary = library.reindex(accept_removals=accept)
        assert (summary.removed, summary.failed) == (0, 1)
    (tmp_path / "docs").mkdir()
    assert library.reindex(accept_removals=True).removed == 0
    assert library.status().documents == 30


# What a new index must pass.


def write_damaged(path: Path, *arguments: Any) -> Any:
    written = WRITE(path, *arguments)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\0\1\2\3")
    return written


def write_noise(path: Path, count: int, dimension: int, parts: Callable[[], Iterator[tuple[Any, Matrix]]]) -> Any:
    random = np.random.default_rng(0)
    noise = [(ids, random.standard_normal(vectors.shape).astype(np.float32)) for ids, vectors in parts()]
    unit = [(ids, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)) for ids, vectors in noise]
    return WRITE(path, count, dimension, lambda: iter(unit))


WRITE = building.write_exact_codes


@pytest.mark.parametrize(
    ("write", "reason"),
    [(write_damaged, "its SHA-256 is not the one"), (write_noise, "in the index is not the one stored")],
)
def test_a_broken_index_is_not_swapped_in(
    library: Library, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Any], reason: str
) -> None:
    library.ingest_stream("late", b"One more lot came late.")
    before, files = answers(library), sorted((library.folder / "generations").iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(building, "write_exact_codes", write)
        events: list[object] = []
        with pytest.raises(Refused, match=reason):
            library.reindex(report=events.append)
    assert isinstance(events[-1], ReindexReport)
    assert events[-1].outcome == "refused"
    assert sorted((library.folder / "generations").iterdir()) == files
    assert answers(library) == before
    assert (library.status().generation, library.status().delta) == (1, 1)
    assert reindex_report(library).recall == 1
    assert library.status().delta == 0


class WorseEncoder(ToyEncoder):
    """The same model by its name and files, with other vectors."""

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        return np.roll(super().encode_contexts(texts), 1, axis=1)


def test_a_model_that_computes_other_vectors_is_refused(library: Library) -> None:
    library.ingest_stream("late", b"One more lot came late.")
    with pytest.raises(Refused, match="The model no longer computes the vectors that are stored"):
        Library(library.folder, encoder=WorseEncoder()).reindex()
    assert library.status().generation == 1


@pytest.mark.slow
def test_a_new_model_that_answers_worse_is_refused(tmp_path: Path, compiled_cache: Path) -> None:
    library = Library(tmp_path / "library", cache=compiled_cache, precision="w8a32")
    (tmp_path / "docs").mkdir()
    for name, text in {
        "lease.txt": "The contract for the flat must be signed by the owner or by her attorney.",
        "bread.txt": "Knead the dough for ten minutes and let it rise until it has doubled.",
        "cats.txt": "A cat sleeps for twelve to sixteen hours a day, most of them in daylight.",
    }.items():
        (tmp_path / "docs" / name).write_text(text)
    library.ingest([str(tmp_path / "docs")])
    for question, name in {"how long do pets rest?": "cats.txt", "who puts their name under it?": "lease.txt"}.items():
        library.add_golden(question, str(tmp_path / "docs" / name))
    model = str(card_model_folder(tmp_path / "card", small()))
    with pytest.raises(Refused, match=r"mean reciprocal rank falls by .* points, more than --margin 0 "):
        library.reindex(model=model, margin=0)
    bound = library.status()
    assert (bound.model, bound.night["outcome"]) == (load_model().name, "refused")  # type: ignore[index]
    assert library.query("how long do pets rest?", 1).hits[0].uri.endswith("/cats.txt")
    library.reindex(model=model, margin=100)
    assert Library(library.folder, cache=compiled_cache).status().model != load_model().name


# Stopped and resumed.


def test_a_stopped_reindex_removes_nothing_and_the_next_one_resumes(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs" / "lot-0003.txt").unlink()
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    report = reindex_report(library, until=LONG_AGO)
    assert (report.outcome, [stage.name for stage in report.stages]) == ("stopped", ["ingest"])
    assert library.status().documents == 30
    summary = library.reindex(until=datetime.now(UTC) + timedelta(days=1))
    assert (summary.new, summary.removed) == (1, 1)


def test_a_model_change_that_is_stopped_repeatedly_ends_like_one_that_is_not(library: Library, tmp_path: Path) -> None:
    direct = Path(shutil.copytree(library.folder, tmp_path / "direct"))
    Library(direct, encoder=other_encoder()).reindex(model="other")
    for _ in range(3):
        report = reindex_report(Library(library.folder, encoder=other_encoder()), model="other", until=LONG_AGO)
        assert (report.outcome, report.stages[-1].said) == ("stopped", "1 passages embedded, toy still answers")
        checked_state(library.folder, ToyEncoder())
    Library(library.folder, encoder=other_encoder()).reindex(model="other")
    assert texts_of(library.folder) == texts_of(direct)
    resumed, direct_library = Library(library.folder, encoder=other_encoder()), Library(direct, encoder=other_encoder())
    assert dict(answers(resumed)) == pytest.approx(dict(answers(direct_library)))


def texts_of(folder: Path) -> dict[str, tuple[str, tuple[tuple[int, int], ...]]]:
    return {uri: (kept.text, kept.spans) for uri, kept in checked_state(folder, other_encoder()).items()}


def test_a_model_change_with_a_deadline_catches_up_first(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    both = open_with_both_models(library.folder)
    report = reindex_report(both, model="other", until=datetime.now(UTC) + timedelta(days=1))
    names = [stage.name for stage in report.stages]
    assert names == ["ingest", "remove", "index", "clean up", "change the model"]
    assert len(checked_state(library.folder, other_encoder())) == 31

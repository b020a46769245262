"""The nightly reindex: it makes the library better or leaves it as it was, says which, and can be taken back."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from card import card_model_folder, small
from invariants import Kept, checked_state
from mortal import finish, start
from toy import ToyEncoder
from wherein import cli
from wherein.embed.encoder import Key, Matrix
from wherein.embed.model import load_model
from wherein.errors import ModelMismatch, Refused, UsageError, WhereinError
from wherein.ingest.progress.deadline import parse_until
from wherein.ingest.progress.reindex_report import RankChange, ReindexReport, Stage
from wherein.library import Library
from wherein.library.models import LibraryModel, ModelChoice
from wherein.storage.disk.failpoints import POINTS, STEPS
from wherein.storage.index import build as building
from wherein.systemd import UNITS, format_units

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Command = Callable[..., subprocess.CompletedProcess[str]]


def docs(folder: Path, count: int = 30) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"lot-{number:04}.txt"
        path.write_text(
            f"Lot {number} has {number * 7} barrels of herring, and {number * 11} of eel, on quay {number}."
        )
        os.utime(path, ns=(10**18, 10**18))
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(docs(tmp_path / "docs"))])
    return library


def night(library: Library, **options: Any) -> ReindexReport:
    """The report of a reindex, which is also what the library keeps of it."""
    told: list[object] = []
    library.reindex(report=told.append, **options)
    report = told[-1]
    assert isinstance(report, ReindexReport)
    assert [event for event in told if isinstance(event, Stage)] == list(report.stages)
    kept = library.status().night
    assert kept is not None
    assert (kept["outcome"], kept["report"]["reason"]) == (report.outcome, report.reason)  # type: ignore[index]
    return report


def answers(library: Library, mode: str = "hybrid") -> list[tuple[str, float]]:
    return [(hit.uri, hit.score) for hit in library.query("eel on quay 7", 5, mode=mode).hits]


# What is done, and told.


def test_every_stage_is_told_and_kept(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs" / "lot-0003.txt").unlink()
    (tmp_path / "docs" / "lot-0004.txt").write_text("The fourth lot was sold.")
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    assert library.status().stale == 2
    report = night(library)
    assert [stage.name for stage in report.stages] == ["ingest", "remove", "index", "clean up"]
    assert [stage.said for stage in report.stages[:3]] == [
        "1 new, 1 changed, 28 unchanged, 2 embedded", "1 removed", "a new one answers",
    ]  # fmt: skip
    assert (report.outcome, report.recall, report.golden, report.moved) == ("done", 1.0, None, ())
    status = library.status()
    assert (status.stale, status.delta, status.orphans) == (0, 0, 2)
    assert sum(status.parts.values()) == status.bytes
    assert min(status.parts[name] for name in ("catalogue", "index", "keywords")) > 0


class Unused(ToyEncoder):
    """A model that must not be loaded."""

    def prepare(self) -> None:
        raise AssertionError

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        assert list(items) == []
        return iter(())

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        raise AssertionError

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        raise AssertionError


def test_nothing_changed_and_neither_the_model_nor_the_check_is_needed(library: Library) -> None:
    library.add_golden("eel on quay 7", "7")
    files = sorted(path.name for path in (library.folder / "generations").iterdir())
    report = night(Library(library.folder, encoder=Unused()))
    assert (report.outcome, report.recall, report.golden) == ("done", None, None)
    assert sorted(path.name for path in (library.folder / "generations").iterdir()) == files


def test_only_what_changed_is_embedded(tmp_path: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(docs(tmp_path / "docs", 300))])
    for number in range(0, 300, 100):
        (tmp_path / "docs" / f"lot-{number:04}.txt").write_text(f"Another text of lot {number}.")
    summary = library.reindex()
    assert (summary.changed, summary.unchanged, summary.embedded) == (3, 297, 3)


def test_a_night_that_died_is_told(library: Library) -> None:
    process, receiver = start(reindex, library.folder, library.folder, "generation.renamed:kill")
    finish(process, receiver)
    assert process.exitcode == -signal.SIGKILL
    kept = library.status().night
    assert kept is not None
    assert (kept["outcome"], kept["ended_at"]) == ("unfinished", None)
    assert night(library).outcome == "done"


def reindex(folder: Path, *_: object) -> None:
    library = Library(folder, encoder=ToyEncoder())
    library.ingest_stream("late", b"One more lot came late.")
    library.reindex()


# What vanished.


def test_a_fifth_of_a_source_does_not_vanish_in_a_night(library: Library, tmp_path: Path) -> None:
    for number in range(11):
        (tmp_path / "docs" / f"lot-{number:04}.txt").unlink()
    told: list[Any] = []
    summary = library.reindex(report=told.append)
    assert (summary.removed, summary.failed) == (0, 1)
    assert library.status().documents == 30
    (why,) = (event.reason for event in told if hasattr(event, "kind"))
    assert why.startswith("11 of its 30 documents are gone; they are kept")
    assert library.reindex(accept_removals=True).removed == 11
    assert library.status().documents == 19


def test_ten_documents_may_vanish(library: Library, tmp_path: Path) -> None:
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


# What is checked.


def test_golden_questions_are_kept_asked_and_forgotten(library: Library, tmp_path: Path) -> None:
    first = library.add_golden("Lot 7 has barrels of eel on quay 7", str(tmp_path / "docs" / "lot-0007.txt"))
    assert library.add_golden(first.question, first.uri) == first
    second = library.add_golden(" herring ", "9")
    assert [(row.question, row.rank) for row in library.golden()] == [(first.question, None), ("herring", None)]
    with pytest.raises(UsageError, match="There is no document nothing"):
        library.add_golden("where?", "nothing")
    with pytest.raises(UsageError, match="The question is empty"):
        library.add_golden(" ", "9")
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    assert night(library).moved == ()
    assert library.golden()[0].rank == 1
    assert library.remove_golden("herring")[0].id == second.id
    with pytest.raises(UsageError, match="There is no golden question herring"):
        library.remove_golden("herring")
    # What is moved is still what answers; what documents bring about is told and not refused.
    (tmp_path / "docs" / "lot-0007.txt").rename(tmp_path / "docs" / "seven.txt")
    (tmp_path / "docs" / "better.txt").write_text(f"{first.question}. {first.question}!")
    report = night(library)
    (row,) = library.golden()
    assert row.uri.endswith("/seven.txt")
    assert report.moved == (RankChange(row.question, row.uri, 1, 2),)
    assert report.golden == 50


def damaged(path: Path, *arguments: Any) -> str:
    digest = WRITE(path, *arguments)
    with path.open("r+b") as file:
        file.seek(200)
        file.write(b"\0\1\2\3")
    return digest


def of_noise(path: Path, count: int, dimension: int, parts: Iterator[tuple[Any, Matrix]]) -> str:
    chance = np.random.default_rng(0)
    noise = ((ids, chance.standard_normal(vectors.shape).astype(np.float32)) for ids, vectors in parts)
    return WRITE(path, count, dimension, noise)


WRITE = building.write_flat


@pytest.mark.parametrize(
    ("write", "why"), [(damaged, "its SHA-256 is not the one"), (of_noise, "The new index finds only")]
)
def test_a_broken_index_is_not_swapped_in(
    library: Library, monkeypatch: pytest.MonkeyPatch, write: Callable[..., str], why: str
) -> None:
    library.ingest_stream("late", b"One more lot came late.")
    before, files = answers(library), sorted((library.folder / "generations").iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(building, "write_flat", write)
        told: list[object] = []
        with pytest.raises(Refused, match=why):
            library.reindex(report=told.append)
    assert isinstance(told[-1], ReindexReport)
    assert told[-1].outcome == "refused"
    assert sorted((library.folder / "generations").iterdir()) == files
    assert answers(library) == before
    assert (library.status().generation, library.status().delta) == (1, 1)
    assert night(library).recall == 1
    assert library.status().delta == 0


class Worsened(ToyEncoder):
    """The same model by its name and files, with other vectors."""

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        return np.roll(super().encode_contexts(texts), 1, axis=1)


def test_a_model_that_makes_other_vectors_is_noticed(library: Library) -> None:
    library.ingest_stream("late", b"One more lot came late.")
    with pytest.raises(Refused, match="The model does not make the vectors any more that are stored"):
        Library(library.folder, encoder=Worsened()).reindex()
    assert library.status().generation == 1


def test_a_new_model_that_answers_worse_does_not_answer(tmp_path: Path, compiled_cache: Path) -> None:
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


# Taken back.


def test_rollback_returns_to_the_index_before(library: Library) -> None:
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
    assert night(library).recall == 1
    assert library.status().delta == 0


def other() -> ToyEncoder:
    return ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")


class BothModels(ModelChoice):
    """A choice of one model where both are installed."""

    def stored_encoder(self, library: LibraryModel) -> Any:
        wanted = library.stored.fingerprint
        encoder = next((one for one in (ToyEncoder(), other()) if one.fingerprint == wanted), None)
        if encoder is None:
            raise ModelMismatch("no such model")
        return encoder


def with_both(folder: Path) -> Library:
    library = Library(folder, encoder=other())
    library._models = BothModels(encoder=other())
    return library


def test_rollback_returns_to_the_model_before_and_finish_forgets_it(library: Library, tmp_path: Path) -> None:
    before = answers(library)
    texts = {uri: kept.text for uri, kept in checked_state(library.folder, ToyEncoder()).items()}
    both = with_both(library.folder)
    both.reindex(model="other")
    (tmp_path / "docs" / "new.txt").write_text("A new text about nothing of the kind, " + "word " * 120)
    Library(library.folder, encoder=other()).ingest([str(tmp_path / "docs")])
    assert both.roll_back() == "the model toy at w8a32 answers again"
    after = {uri: kept.text for uri, kept in checked_state(library.folder, ToyEncoder()).items()}
    assert {uri: text for uri, text in after.items() if uri in texts} == texts
    assert len(after) == 31
    assert answers(Library(library.folder, encoder=ToyEncoder()))[0][0] == before[0][0]
    assert library.drop_previous_model() > 0
    with pytest.raises(WhereinError, match="There is no earlier model"):
        library.finish()
    checked_state(library.folder, ToyEncoder())


# Stopped, and gone on with.


def test_a_time_to_stop() -> None:
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert parse_until("06:00", now) == datetime(2026, 3, 4, 6, tzinfo=UTC)
    assert parse_until("05:06", now) == datetime(2026, 3, 5, 5, 6, tzinfo=UTC)
    assert parse_until("2026-03-06T01:00", now) == datetime(2026, 3, 6, 1, tzinfo=UTC)
    assert parse_until("2026-03-06T01:00+02:00", now) == datetime(2026, 3, 5, 23, tzinfo=UTC)
    for text in ("", "6", "25:00", "tomorrow", "2026-13-01", "6 pm"):
        with pytest.raises(UsageError, match="is not a time"):
            parse_until(text, now)
    with pytest.raises(UsageError, match="is in the past"):
        parse_until("2026-03-04", now)


def test_a_night_that_is_stopped_removes_nothing_and_the_next_goes_on(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs" / "lot-0003.txt").unlink()
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    report = night(library, until=LONG_AGO)
    assert (report.outcome, [stage.name for stage in report.stages]) == ("stopped", ["ingest"])
    assert library.status().documents == 30
    summary = library.reindex(until=datetime.now(UTC) + timedelta(days=1))
    assert (summary.new, summary.removed) == (1, 1)


def test_a_move_that_is_stopped_again_and_again_ends_as_a_direct_one(library: Library, tmp_path: Path) -> None:
    direct = Path(shutil.copytree(library.folder, tmp_path / "direct"))
    Library(direct, encoder=other()).reindex(model="other")
    for _ in range(3):
        report = night(Library(library.folder, encoder=other()), model="other", until=LONG_AGO)
        assert (report.outcome, report.stages[-1].said) == ("stopped", "1 passages embedded, toy still answers")
        checked_state(library.folder, ToyEncoder())
    Library(library.folder, encoder=other()).reindex(model="other")
    assert texts_of(library.folder) == texts_of(direct)
    moved, at_once = Library(library.folder, encoder=other()), Library(direct, encoder=other())
    assert dict(answers(moved)) == pytest.approx(dict(answers(at_once)))


def texts_of(folder: Path) -> dict[str, tuple[str, tuple[tuple[int, int], ...]]]:
    return {uri: (kept.text, kept.spans) for uri, kept in checked_state(folder, other()).items()}


def test_a_gradual_move_catches_up_first(library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    both = with_both(library.folder)
    report = night(both, model="other", until=datetime.now(UTC) + timedelta(days=1))
    names = [stage.name for stage in report.stages]
    assert names == ["ingest", "remove", "index", "clean up", "change the model"]
    assert len(checked_state(library.folder, other())) == 31


# Killed.

FAILPOINTS = [
    f"{step}.{moment}"
    for step in STEPS
    if step.startswith(("golden", "night", "generation.", "earlier-model", "reembed.switch"))
    for moment in ("begun", "written", "committed")
] + [name for name in POINTS if name.startswith("generation")]


def nights(folder: Path, docs: Path, acknowledge: Connection) -> None:
    """All that a reindex and the commands around it write."""
    library = Library(folder, encoder=ToyEncoder())
    both = with_both(folder)
    if library.status().model == "other":
        both.roll_back()
    with suppress(WhereinError):  # there is none the first time
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


@pytest.mark.parametrize("way", ["exit", "kill"])
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_death_at_every_step_of_a_night(library: Library, tmp_path: Path, failpoint: str, way: str) -> None:
    before = {uri: kept.text for uri, kept in checked_state(library.folder, ToyEncoder()).items()}
    process, receiver = start(nights, library.folder, tmp_path, f"{failpoint}:{way}")
    assert finish(process, receiver) == []
    assert process.exitcode != 0
    state = sound(library.folder)
    assert {uri: kept.text for uri, kept in state.items() if uri in before} == before
    process, receiver = start(nights, library.folder, tmp_path)
    assert finish(process, receiver) == ["done"]
    assert len(checked_state(library.folder, ToyEncoder())) == 32


def sound(folder: Path) -> dict[str, Kept]:
    """The state, by whichever of the two models the library is bound to."""
    name = Library(folder, encoder=ToyEncoder()).status().model
    return checked_state(folder, ToyEncoder() if name == "toy" else other())


# By the command.


def test_the_command_reports_what_it_did(wherein: Command, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lease.txt").write_text("The lease may be signed by the owner or by her attorney.")
    assert wherein("ingest", "docs").returncode == 0
    assert wherein("golden", "add", "who may sign?", "docs/lease.txt").stdout.startswith("   1  who may sign?  ")
    (tmp_path / "docs" / "bread.txt").write_text("Knead the dough for ten minutes.")
    done = wherein("reindex", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [line for line in lines if line["event"] in ("stage", "night", "summary")]
    assert [line["event"] for line in lines] == ["stage"] * 4 + ["night", "summary"]
    assert (lines[-2]["outcome"], lines[-2]["recall"], lines[-2]["golden"]) == ("done", 1.0, 100.0)
    assert lines[-1]["new"] == 1
    assert "(rank 1)" in wherein("golden", "list").stdout
    done = wherein("status")
    assert "last reindex     20" in done.stdout
    assert ": done (" in done.stdout
    assert json.loads(wherein("status", "--json").stdout)["night"]["outcome"] == "done"
    assert wherein("reindex", "--rollback").stdout.startswith("the index 000001.faiss of ")
    assert wherein("reindex", "--rollback", "--finish").returncode == 2
    assert wherein("reindex", "--until", "never").returncode == 2
    assert wherein("golden", "remove", "1").stdout.startswith("removed    1  who may sign?")


def test_the_units_are_those_in_contrib() -> None:
    root = Path(cli.__file__).parent
    for name, text in UNITS.items():
        assert (root / "contrib" / name).read_text("utf-8") == text.format(command="%h/.local/bin/wherein")
    told = format_units("/usr/bin/wherein", Path("/home/o'brien b/50%"))
    assert 'ExecStart=/usr/bin/wherein --library "/home/o\'brien b/50%%" reindex --until 06:00\n' in told
    done = CliRunner().invoke(cli.main, ["--library", "/x/y", "reindex", "--print-systemd"])
    assert (done.exit_code, done.output.count("# ~/.config/systemd/user/wherein-reindex.")) == (0, 2)

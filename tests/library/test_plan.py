"""What a run tells before, while and after it goes on: the plan, the events, the time left, and what the model knew."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import wherein
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.ingest.language import guess_language
from wherein.ingest.progress.dry_run import Plan
from wherein.ingest.progress.eta import EtaEstimator, FileCost
from wherein.ingest.progress.events import Ahead, DocumentDone, Progress, RunProblem, Stopped
from wherein.ingest.progress.sampler import FileSampler, PendingFile
from wherein.library import Library
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.sources import Source

ROOT = Path(wherein.__file__).parent
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())


def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("kept", "edited", "moved", "gone"):
        (folder / f"{name}.txt").write_text(
            "\n\n".join(f"Paragraph {n} of {name} has {n * n} eels." for n in range(40))
        )
    (folder / "empty.txt").write_text("")
    for path in folder.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """What a library keeps; an empty log, and SQLite's index of it, come with every reader."""
    found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if data and not name.endswith("-shm")}


# The plan.


def test_a_plan_says_what_the_run_then_does_and_writes_nothing(library: Library, tmp_path: Path) -> None:
    folder = docs(tmp_path)
    first = library.plan([str(folder)])
    assert not library.folder.exists()
    done = library.ingest([str(folder)])
    assert (first.new, first.skipped, first.chunks, first.embedded) == (4, 1, done.chunks, done.embedded)
    text = (folder / "edited.txt").read_text()
    (folder / "edited.txt").write_text(text.replace("Paragraph 20 of", "Part 20 of"))
    (folder / "moved.txt").rename(folder / "elsewhere.txt")
    (folder / "gone.txt").unlink()
    shutil.copy(folder / "kept.txt", folder / "copy.txt")
    before = files(library.folder)
    plan = library.plan([str(folder)])
    assert files(library.folder) == before
    done = library.ingest([str(folder)])
    assert (plan.new, plan.changed, plan.moved, plan.unchanged, plan.gone) == (1, 1, 1, 1, 1)
    same = ("new", "changed", "moved", "unchanged", "skipped", "failed", "chunks", "embedded", "reused")
    assert {name: plan.as_dict()[name] for name in same} == {name: done.as_dict()[name] for name in same}
    assert 0 < plan.embedded < 5
    assert plan.reused > 10
    again = library.plan([str(folder)])
    assert again == Plan(0, 0, 0, 4, 0, 1, 1, 0, 0, 0, 0, 0, 0.0)


def test_a_plan_knows_what_belongs_to_other_sources_and_what_comes_back(library: Library, tmp_path: Path) -> None:
    folder = docs(tmp_path)
    library.ingest([str(folder)])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "r.jsonl").write_text('{"id": "1", "text": "One."}\n{"id": "2", "text": "Two."}\n')
    assert library.plan([str(tmp_path / "other")]).gone == 0
    library.ingest([str(tmp_path / "other")])
    (tmp_path / "other" / "r.jsonl").write_text('{"id": "1", "text": "One."}\n')
    shutil.copy(folder / "moved.txt", folder / "copy.txt")
    (folder / "moved.txt").rename(folder / "elsewhere.txt")
    library.remove_documents([str(folder / "kept.txt")], purge=True)
    places = [str(folder), str(folder / "kept.txt"), str(tmp_path / "other")]
    plan, done = library.plan(places), library.ingest(places)
    same = ("new", "changed", "moved", "unchanged", "removed", "skipped")
    assert {name: plan.as_dict()[name] for name in same} == {name: done.as_dict()[name] for name in same}
    assert (done.new, done.moved, done.removed) == (2, 1, 1)


def test_a_plan_counts_the_tokens_of_what_is_to_be_embedded(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One two three.")
    (tmp_path / "b.txt").write_text("One two three.")
    plan = library.plan([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    assert (plan.new, plan.chunks, plan.embedded, plan.reused, plan.tokens) == (2, 2, 1, 1, 6)
    with pytest.raises(UsageError, match="There is no file or folder"):
        library.plan([str(tmp_path / "none.txt")])


def test_the_command_plans(wherein: Command, tmp_path: Path) -> None:
    docs(tmp_path)
    done = wherein("ingest", "docs", "--dry-run")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first == "would add 4, update 0, leave 0 unchanged, skip 1"
    assert re.fullmatch(r"4 chunks, 4 to embed \(1,356 tokens\): about 0:0\d:\d\d on this machine", second)
    assert not (tmp_path / "library").exists()
    assert wherein("ingest", "-", "--dry-run").returncode == 2


# Events.


def test_events_come_as_things_happen(library: Library, tmp_path: Path) -> None:
    folder = docs(tmp_path)
    told: list[Any] = []
    summary = library.ingest([str(folder)], report=told.append, look_ahead=True)
    assert told[0] == Ahead(5, sum(path.stat().st_size for path in folder.iterdir()))
    documents = [event for event in told if isinstance(event, DocumentDone)]
    assert [event.kind for event in documents] == ["new"] * 4
    assert sum(event.chunks for event in documents) == summary.chunks
    assert sum(event.embedded for event in documents) == summary.embedded
    assert [event.reason for event in told if isinstance(event, RunProblem)] == ["empty file"]
    last = [event for event in told if isinstance(event, Progress)][-1]
    assert (last.documents, last.bytes_done, last.bytes_total) == (4, told[0].bytes, told[0].bytes)


def test_a_run_stops_when_its_time_is_up(library: Library, tmp_path: Path) -> None:
    folder = docs(tmp_path)
    told: list[Any] = []
    assert library.ingest([str(folder)], until=datetime(2020, 1, 1, tzinfo=UTC), report=told.append).new == 0
    assert told[-1] == Stopped("time is up; run the same command again to resume")
    assert library.ingest([str(folder)]).new == 4


@pytest.mark.parametrize("moment", [1, 2, 5, 20, 41, 42, 43])
def test_a_run_may_be_stopped_at_any_moment(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Also between a folder, whose files are being read ahead, and a page, which is not asked for any more."""
    folder = docs(tmp_path)
    for number in range(40):
        (folder / f"{number}.txt").write_text(f"File {number}.")
    asked = count()
    monkeypatch.setattr("wherein.library.ingesting.is_over", lambda _: next(asked) >= moment)
    summary = library.ingest([str(folder), "http://127.0.0.1:9/none.html"])
    assert summary.failed == 0
    assert summary.new < 44
    monkeypatch.undo()
    assert library.ingest([str(folder)]).new == 44 - summary.new


def test_every_event_of_the_command_is_documented(wherein: Command, tmp_path: Path) -> None:
    docs(tmp_path)
    (tmp_path / "docs" / "torn.pdf").write_bytes(b"%PDF-1.7\n")
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    fields = {
        row[1]: set(re.findall(r"`([a-z_]+)`", row[2])) - {"null"}
        for row in re.finditer(r"^\| `([a-z]+)` \| (.*?) \| ", page, re.MULTILINE)
    }
    runs = [wherein("ingest", "docs", "--json", "--dry-run"), wherein("ingest", "docs", "--json")]
    (tmp_path / "docs" / "later.txt").write_text("One more.")
    runs.append(wherein("reindex", "--json"))
    seen = set()
    for run in runs:
        assert run.stderr == ""
        for line in run.stdout.splitlines():
            event = json.loads(line)
            seen.add(event["event"])
            assert set(event) - {"event", "schema"} == fields[event["event"]], event
            assert event["schema"] == 1
    assert seen == set(fields) - {"stopped"}
    assert [json.loads(run.stdout.splitlines()[-1])["event"] for run in runs] == ["plan", "summary", "summary"]
    assert [json.loads(run.stdout.splitlines()[0])["event"] for run in runs[1:]] == ["planned", "planned"]


# The time left.


def ahead(kind: str, size: int, number: int) -> PendingFile:
    return PendingFile(Source(1, "file:///docs", "path", (), None, ""), f"/docs/{number}{kind}", kind, size)


def run_through(work: list[tuple[PendingFile, dict[bytes, int]]], speed: int) -> list[tuple[float, float | None]]:
    """After each file what is left in truth and what is told, in seconds; `speed` tokens are embedded in one.

    To read 500 bytes takes as long as to embed a token.
    """
    now = [0.0]
    remaining = EtaEstimator(lambda: now[0])
    content = {file.path: tokens for file, tokens in work}
    for file, _ in work:
        remaining.expect(file)
    assert remaining.seconds() is None
    known: set[bytes] = set()
    told = []
    for file, passages in work:
        if look := remaining.next_sample():
            remaining.sampled(look, {name: n for name, n in content[look.path].items() if name not in known})
        missing = {name: n for name, n in passages.items() if name not in known}
        tokens = sum(missing.values())
        cost = FileCost(file.kind, file.size, tokens)
        remaining.read(file.path, cost)
        now[0] += (tokens + file.size / 500) / speed
        known |= missing.keys()
        remaining.embedded(missing)
        remaining.done(cost)
        told.append((now[0], remaining.seconds()))
    return [(now[0] - moment, left) for moment, left in told]


def true_after_a_minute(told: list[tuple[float, float | None]]) -> None:
    total = told[0][0]
    compared = [(left, true) for true, left in told if total - true > 60 and true > 20]
    assert len(compared) > 20
    for left, true in compared:
        assert left == pytest.approx(true, rel=0.2)


def test_the_time_left_goes_by_what_is_to_be_embedded() -> None:
    """PDFs of which hardly anything is text, and texts of the same size."""
    kinds = [(".pdf", 100_000, 500)] * 50 + [(".txt", 4_000, 1_000)] * 100
    mixed = [kinds[(7 * n) % len(kinds)] for n in range(len(kinds))]
    work = [(ahead(kind, size, n), {b"%d" % n: tokens}) for n, (kind, size, tokens) in enumerate(mixed)]
    true_after_a_minute(run_through(work, 100))


def test_the_time_left_is_true_where_what_comes_is_otherwise() -> None:
    """Pages, of which the later ones have less text, then a kind that was not met yet, then copies of the first."""
    kinds = [(".html", 10_000, 2_000)] * 150 + [(".html", 10_000, 500)] * 150 + [(".pdf", 100_000, 900)] * 150
    work = [(ahead(kind, size, n), {b"%d" % n: tokens}) for n, (kind, size, tokens) in enumerate(kinds)]
    work += [(ahead(".txt", 9_000, 1_000 + n), {b"%d" % (n % 60): 2_000}) for n in range(150)]
    true_after_a_minute(run_through(work, 2_500))


def test_files_are_looked_at_once_and_few_of_them() -> None:
    outlook = FileSampler()
    for n in range(1_000):
        outlook.add(ahead(".txt", 1_000, n))
    outlook.add(ahead(".bin", 1 << 30, 1_000))
    for n in range(5):
        outlook.add(ahead(".md", 1_000, 2_000 + n))
    drawn = list(iter(outlook.draw, None))
    assert len({file.path for file in drawn}) == len(drawn) == 37
    outlook.sampled(drawn[0], {b"a": 10, b"b": 20})
    outlook.sampled(drawn[1], {b"a": 10})
    assert [sum(part) for part in zip(*outlook.by_kind().values(), strict=True)] == [2, 2_000, 40]
    outlook.embedded([b"a", b"c"])
    outlook.reached(drawn[1].path)
    assert [sum(part) for part in zip(*outlook.by_kind().values(), strict=True)] == [1, 1_000, 20]


def test_files_whose_turn_has_come_are_not_looked_at_any_more() -> None:
    outlook = FileSampler()
    for n in range(12):
        outlook.add(ahead(".txt", 1, n))
    outlook.add(ahead(".big", 1_000, 12))
    drawn = outlook.draw()
    assert drawn is not None
    for n in range(12):
        outlook.reached(f"/docs/{n}.txt")
    assert outlook.draw() is None


def test_looking_ahead_changes_nothing_that_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts, copies of them as another kind, and broken files, with and without a look at what is ahead."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(60):
        (folder / f"a{n}.txt").write_text(f"Paragraph {n} of a text has {n * n} eels.")
        (folder / f"b{n}.md").write_text(f"Paragraph {n} of a text has {n * n} eels.")
    for n in range(6):
        (folder / f"c{n}.pdf").write_bytes(b"%PDF-1.7\n")
    monkeypatch.setattr("wherein.ingest.progress.eta._SAMPLE_AFTER", -1.0)
    looked: list[PendingFile] = []
    monkeypatch.setattr(FileSampler, "sampled", lambda _, file, tokens: looked.append(file))
    found = []
    for number, look in enumerate((True, False)):
        library = Library(tmp_path / str(number), encoder=ToyEncoder())
        summary = library.ingest([str(folder)], look_ahead=look)
        assert (summary.new, summary.failed, summary.embedded, summary.reused) == (120, 6, 60, 60)
        found.append([(hit.uri, hit.text, hit.score) for hit in library.query("eels of 7 texts", k=50).hits])
    assert found[0] == found[1]
    assert len(found[0]) == 50
    assert {file.kind for file in looked} > {".txt"}


# What the model knew.


def test_what_the_model_makes_of_a_text(tmp_path: Path, compiled_cache: Path) -> None:
    library = Library(tmp_path / "library", cache=compiled_cache, precision="w8a32")
    (tmp_path / "a.txt").write_text("The lease of the house is signed by the owner, and it is for the year.")
    (tmp_path / "b.txt").write_text("\u1202\u1200 \u1203\u1204 \u1205")
    library.ingest([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    assert library.coverage(str(tmp_path / "a.txt")) == Coverage(18, 0, "en")
    assert library.coverage(str(tmp_path / "b.txt")) == Coverage(3, 3, "")
    found = library.coverage()
    assert found is not None
    assert not isinstance(found, Coverage)
    assert (found.documents, found.measured, found.dropped, found.tokens, found.unknown) == (2, 2, 0, 21, 3)
    assert found.languages == {"": 1, "en": 1}
    assert [(Path(uri).name, share) for uri, share in found.worst] == [("b.txt", 1.0)]
    library.remove_documents(["2"])
    assert library.coverage().measured == 1  # type: ignore[union-attr]


def test_the_command_shows_it(wherein: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The lease of the house is signed by the owner, and it is for the year.")
    wherein("ingest", "a.txt")
    shown = wherein("documents", "show", "1").stdout
    assert "tokens       18, 0 of them unknown to the model (0.00%)\n" in shown
    assert "language     en (guessed)\n" in shown
    assert "dropped      0 characters\n" in shown
    assert "languages        en 1 (guessed)\n" in wherein("status", "--coverage").stdout
    told = json.loads(wherein("status", "--coverage", "--json").stdout)
    assert (told["tokens"], told["languages"]) == (18, {"en": 1})


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The lease of the house is signed by the owner, and it is for the year."),
        ("de", "Der Vertrag ist von dem Besitzer und nicht von der Stadt, und das ist mit sich zu machen."),
        ("fr", "Le contrat de la maison est dans une boîte que les voisins ont vue, et il est sur le mur."),
        ("es", "El contrato de la casa es para los vecinos que viven en una calle con las flores."),
        ("ja", "これは日本語の文章です。漢字もあります。"),
        ("zh", "今天天气很好，我们去公园散步。"),
        ("ru", "Сегодня хорошая погода, и мы идём гулять."),
        ("", "lorem ipsum dolor sit amet"),
        ("", "x = 1\ny = 2\n"),
        ("", ""),
    ],
)
def test_a_language_is_guessed(language: str, text: str) -> None:
    assert guess_language(text) == language

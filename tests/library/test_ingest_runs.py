"""An ingest reports what it does, stops where it is asked to, and looks ahead without a trace."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sample_docs import write_docs
from toy import ToyEncoder
from wherein.ingest.progress.events import Ahead, DocumentDone, Progress, RunProblem, Stopped
from wherein.ingest.progress.sampler import FileSampler, PendingFile
from wherein.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())


def test_events_are_reported_as_things_happen(library: Library, tmp_path: Path) -> None:
    folder = write_docs(tmp_path)
    events: list[Any] = []
    summary = library.ingest([str(folder)], report=events.append, look_ahead=True)
    assert events[0] == Ahead(5, sum(path.stat().st_size for path in folder.iterdir()))
    documents = [event for event in events if isinstance(event, DocumentDone)]
    assert [event.kind for event in documents] == ["new"] * 4
    assert sum(event.chunks for event in documents) == summary.chunks
    assert sum(event.embedded for event in documents) == summary.embedded
    assert [event.reason for event in events if isinstance(event, RunProblem)] == ["empty file"]
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert (last.documents, last.bytes_done, last.bytes_total) == (4, events[0].bytes, events[0].bytes)


def test_a_run_stops_when_its_time_is_up(library: Library, tmp_path: Path) -> None:
    folder = write_docs(tmp_path)
    events: list[Any] = []
    assert library.ingest([str(folder)], until=datetime(2020, 1, 1, tzinfo=UTC), report=events.append).new == 0
    assert events[-1] == Stopped("time is up; run the same command again to resume")
    assert library.ingest([str(folder)]).new == 4


@pytest.mark.parametrize("moment", [1, 2, 5, 20, 41, 42, 43])
def test_a_run_may_be_stopped_at_any_moment(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Also between a folder, whose files are being read ahead, and a page, which is not asked for any more."""
    folder = write_docs(tmp_path)
    for number in range(40):
        (folder / f"{number}.txt").write_text(f"File {number}.")
    asked = count()
    monkeypatch.setattr("wherein.library.ingesting.is_over", lambda _: next(asked) >= moment)
    summary = library.ingest([str(folder), "http://127.0.0.1:9/none.html"])
    assert summary.failed == 0
    assert summary.new < 44
    monkeypatch.undo()
    assert library.ingest([str(folder)]).new == 44 - summary.new


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

"""One run over sources: what is read, what is reported, and where a run that stops leaves the library."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from catalog_rows import add_source
from inline_pool import InlinePool
from toy import ToyEncoder
from web_server import Answer, site
from wherein.ingest.progress.dry_run import Sample
from wherein.ingest.progress.events import Ahead, Progress, RunProblem
from wherein.ingest.run import IngestRun
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import find_document, list_documents
from wherein.storage.catalog.exclusions import PURGED, exclude
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import Source, list_sources
from wherein.storage.catalog.vectors import known_inputs
from wherein.storage.cleanup.purge import purge
from wherein.uri import file_uri


class Runs:
    """Runs over one catalog; the events and the pool are those of the last run."""

    def __init__(self, db: Database, folder: Path, model: StoredModel, encoder: ToyEncoder) -> None:
        self.db = db
        self._parts = db, folder, model, encoder
        self.events: list[Any] = []
        self.pool = InlinePool()

    def new(self, stop: Callable[[], bool] = lambda: False, plan: Sample | None = None) -> IngestRun:
        self.events, self.pool = [], InlinePool()
        return IngestRun(*self._parts, self.events.append, stop, self.pool, plan)  # type: ignore[arg-type]

    def ingest(self, *sources: Source) -> dict[str, int]:
        run = self.new()
        run.ingest(sources)
        assert self.pool.closed
        return {name: count for name, count in run.tally.items() if count}

    def problems(self) -> list[tuple[str, str]]:
        return [(event.kind, event.reason) for event in self.events if isinstance(event, RunProblem)]

    def names(self) -> list[str]:
        return [document.uri.rpartition("/")[2] for document in list_documents(self.db)]


@pytest.fixture
def runs(db: Database, folder: Path, stored: StoredModel, encoder: ToyEncoder) -> Runs:
    return Runs(db, folder, stored, encoder)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").write_text(f"Text of {name}.")
    return folder


@pytest.fixture
def source(db: Database, docs: Path) -> Source:
    return add_source(db, str(docs))


def test_files_are_ingested_once(runs: Runs, source: Source, docs: Path) -> None:
    assert runs.ingest(source) == {"new": 3, "chunks": 3, "embedded": 3}
    assert len(runs.pool.submitted) == 3
    assert runs.ingest(source) == {"unchanged": 3}
    (docs / "b.txt").write_text("Another text.")
    (docs / "c.txt").rename(docs / "d.txt")
    assert runs.ingest(source) == {"unchanged": 1, "changed": 1, "moved": 1, "chunks": 2, "embedded": 1, "reused": 1}
    assert runs.names() == ["a.txt", "b.txt", "d.txt"]


def test_a_file_of_two_sources_is_ingested_with_the_first(runs: Runs, source: Source, docs: Path) -> None:
    file = add_source(runs.db, str(docs / "a.txt"))
    assert runs.ingest(source, file)["new"] == 3
    assert len(runs.pool.submitted) == 3


def test_what_cannot_be_walked_is_reported(runs: Runs, docs: Path) -> None:
    (docs / "broken").symlink_to("nowhere")
    run = runs.new()
    run.ingest([add_source(runs.db, str(docs)), add_source(runs.db, str(docs / "no" / "file"))])
    assert runs.problems() == [("skipped", "broken symbolic link"), ("failed", "no such file or folder")]
    assert run.walk_errors == [file_uri(str(docs / name)) for name in ("broken", "no/file")]
    assert run.seen == {file_uri(str(docs / f"{name}.txt")) for name in "abc"}


def test_the_limits_of_a_source_reach_the_workers(runs: Runs, source: Source) -> None:
    runs.ingest(source)
    assert {job.max_size for job in runs.pool.submitted} == {64_000_000}
    assert runs.ingest(replace(source, max_size=1)) == {"unchanged": 3}
    (Path(source.uri) / "a.txt").write_text("More than a byte.")
    assert runs.ingest(replace(source, max_size=1)) == {"unchanged": 2, "failed": 1}
    assert runs.problems() == [("failed", "larger than --max-size (0 MB): it is 0 MB")]


def test_a_run_that_is_stopped_ends_between_two_files(runs: Runs, source: Source) -> None:
    calls: list[None] = []
    run = runs.new(stop=lambda: len(calls) > 2 or bool(calls.append(None)))
    run.ingest([source])
    assert run.stopped
    assert run.tally["new"] < 3
    assert runs.pool.closed
    assert runs.ingest(source)["new"] == 3 - run.tally["new"]


def test_purged_files_stay_away_unless_they_are_named(runs: Runs, source: Source, docs: Path) -> None:
    uri = file_uri(str(docs / "a.txt"))
    runs.ingest(source)
    found = find_document(runs.db, uri)
    assert found is not None
    purge(runs.db, [found])
    assert runs.ingest(source)["skipped"] == 1
    assert runs.problems() == [("skipped", PURGED)]
    assert runs.names() == ["b.txt", "c.txt"]
    run = runs.new()
    run.named = frozenset([uri])
    run.ingest([source])
    assert run.tally["new"] == 1


def test_a_plan_writes_nothing(runs: Runs, source: Source, stored: StoredModel) -> None:
    sample = Sample()
    run = runs.new(plan=sample)
    run.ingest([source])
    assert (run.tally["new"], run.tally["embedded"], sample.tokens) == (3, 3, 3 * 6)
    assert runs.names() == []
    assert runs.db["files"].count == runs.db["vectors"].count == 0


def test_a_run_looks_ahead_and_reports_how_far_it_is(runs: Runs, source: Source) -> None:
    run = runs.new()
    run.look_ahead([source])
    run.ingest([source])
    assert runs.events[0] == Ahead(3, 30)
    last = [event for event in runs.events if isinstance(event, Progress)][-1]
    assert (last.documents, last.embedded, last.bytes_done, last.bytes_total) == (3, 3, 30, 30)


def test_standard_input(runs: Runs, db: Database) -> None:
    source = add_source(db, "stdin:note", "stdin")
    runs.new().ingest_stream(source, "note", b"A note.")
    assert runs.names() == ["stdin:note"]
    assert runs.pool.closed


def test_a_page_is_seen_unless_it_is_gone(runs: Runs, db: Database) -> None:
    with site() as web:
        source = add_source(db, f"{web.address}/lease", "web")
        web.pages["/lease"] = Answer(b"<p>The owner signs.", headers={"ETag": '"1"'})
        assert runs.ingest(source)["new"] == 1
        (source,) = list_sources(db)
        assert source.etag == '"1"'
        assert runs.ingest(source) == {"unchanged": 1}
        for status, seen in ((500, {source.uri}), (404, set())):
            web.pages["/lease"] = Answer(status=status)
            run = runs.new()
            run.ingest([source])
            assert run.seen == seen
            assert run.tally["failed"] == 1
        with writing(db, "test"):
            page = find_document(db, source.uri)
            assert page is not None
            exclude(db, page.id, source.uri, "purged")
        assert runs.ingest(source) == {"skipped": 1}
        assert web.paths()[-1] == "/lease"


def test_what_a_repair_left_is_completed(runs: Runs, source: Source, db: Database, stored: StoredModel) -> None:
    runs.ingest(source)
    runs.new().ingest_stream(add_source(db, "stdin:note", "stdin"), "note", b"A note.")
    hashes = [row[0] for row in db.execute("SELECT input_hash FROM vectors ORDER BY id").fetchall()]
    torn = find_document(db, "stdin:note")
    assert torn is not None
    with writing(db, "test"):
        db.execute("DELETE FROM chunks WHERE document_id = ?", [torn.id])
        db.execute("DELETE FROM vectors WHERE input_hash IN (?, ?)", [hashes[0], hashes[3]])
    run = runs.new()
    run.finish_repairs()
    assert known_inputs(db, stored.id, hashes) == set(hashes)
    assert [document.chunks for document in list_documents(db)] == [1, 1, 1, 1]
    assert run.tally["embedded"] == 2

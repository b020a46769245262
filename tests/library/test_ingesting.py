"""Ingest runs and dry runs without a `Library`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.ingest.progress.events import Stopped
from wherein.library.ingesting import TIME_IS_UP, RunFactory, ingest_sources, ingest_text, plan_ingest
from wherein.library.models import ModelChoice
from wherein.library.readers import CatalogReader
from wherein.library.sources import SourceRequest
from wherein.library.status import read_status
from wherein.storage.catalog.reading import AS_USUAL


@pytest.fixture
def runs(tmp_path: Path) -> RunFactory:
    return RunFactory(tmp_path / "library", ModelChoice(encoder=ToyEncoder()), jobs=1)  # type: ignore[arg-type]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.txt").write_text("The owner may sign the lease.")
    (folder / "bread.txt").write_text("Knead the dough for ten minutes.")
    return folder


def test_a_request_tells_paths_from_web_pages(docs: Path) -> None:
    request = SourceRequest.of([str(docs), "http://Example.org/a#b"], exclude=["*.pdf"], max_size=5)
    assert request.kinds == {str(docs): "path", "http://example.org/a": "web"}
    assert request.uris == {f"file://{docs}", "http://example.org/a"}
    assert (request.exclude, request.max_size) == (("*.pdf",), 5)
    with pytest.raises(UsageError, match="nowhere"):
        SourceRequest.of([str(docs / "nowhere")])


def test_a_plan_counts_what_an_ingest_then_does_and_writes_nothing(runs: RunFactory, docs: Path) -> None:
    request = SourceRequest.of([str(docs)])
    plan = plan_ingest(runs, request)
    assert not runs.folder.exists()
    summary = ingest_sources(runs, request)
    for figures in (plan, summary):
        assert (figures.new, figures.chunks, figures.embedded, figures.unchanged) == (2, 2, 2, 0)
    (docs / "bread.txt").unlink()
    again = plan_ingest(runs, request)
    assert (again.new, again.unchanged, again.gone, again.tokens) == (0, 1, 1, 0)


def test_a_run_whose_time_is_over_ingests_nothing(runs: RunFactory, docs: Path) -> None:
    events: list[object] = []
    summary = ingest_sources(
        runs, SourceRequest.of([str(docs)]), until=datetime(2020, 1, 1, tzinfo=UTC), report=events.append
    )
    assert summary.new == 0
    assert events[-1] == Stopped(TIME_IS_UP)


def test_a_text_replaces_the_one_of_its_name(runs: RunFactory) -> None:
    assert ingest_text(runs, "note", b"The first version.", AS_USUAL, None).new == 1
    assert ingest_text(runs, "note", b"The second version.", AS_USUAL, None).changed == 1
    reader = CatalogReader(runs.folder)
    with reader.snapshot() as db:
        status = read_status(db, runs.folder)
    reader.close()
    assert (status.documents, status.sources, status.model) == (1, 1, "toy")

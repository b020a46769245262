"""A library of twelve small documents, opened without `Library`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toy import ToyEncoder
from wherein.ingest.progress.reindex_report import ReindexRecorder, recorded
from wherein.library.ingesting import RunFactory, ingest_sources
from wherein.library.models import ModelChoice
from wherein.library.opening import open_for_writing
from wherein.library.sources import SourceRequest


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
    """The library open for writing, the events of a reindex, and its recorder."""
    events: list[Any] = []
    with open_for_writing(runs.folder, wait=False) as db, recorded(db, runs.folder, events.append) as recorder:
        yield db, events, recorder

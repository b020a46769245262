"""The report of a reindex, which the library keeps however the reindex ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from wherein.errors import Refused, WhereinError
from wherein.ingest.progress.reindex_report import (
    RankChange,
    ReindexRecorder,
    ReindexReport,
    Stage,
    mean_reciprocal,
    recorded,
)
from wherein.storage.catalog.golden import add_golden, list_golden
from wherein.storage.catalog.reindex_runs import last_run
from wherein.storage.repair.index_check import IndexCheck


@pytest.mark.parametrize(("ranks", "expected"), [([], 0), ([1], 100), ([0], 0), ([1, 2, 4, 0], 43.75), ([10, 10], 10)])
def test_the_mean_reciprocal_rank(ranks: list[int], expected: float) -> None:
    assert mean_reciprocal(ranks) == pytest.approx(expected)


def test_a_report_has_stages_and_figures(db: Database, folder: Path) -> None:
    events: list[Any] = []
    with recorded(db, folder, events.append) as recorder:
        with recorder.stage("ingest") as notes:
            notes += ["3 new", "1 failed"]
        with recorder.stage("index"):
            pass
        recorder.golden = 87.5
    (first, second, report) = events
    assert (first.name, first.said, second.name, second.said) == ("ingest", "3 new, 1 failed", "index", "")
    assert isinstance(report, ReindexReport)
    assert (report.outcome, report.reason, report.recall, report.golden) == ("done", "", None, 87.5)
    assert report.stages == (first, second)
    assert sum(report.bytes.values()) > 0
    run = last_run(db)
    assert run is not None
    assert run.outcome == "done"
    assert json.loads(run.report)["stages"][0]["said"] == "3 new, 1 failed"


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (Refused("worse"), "refused", "worse"),
        (WhereinError("damaged"), "failed", "damaged"),
        (KeyboardInterrupt(), "stopped", "interrupted"),
        (ZeroDivisionError("bug"), "failed", "bug"),
    ],
)
def test_an_error_is_recorded_and_raised(
    db: Database, folder: Path, error: BaseException, outcome: str, reason: str
) -> None:
    events: list[Any] = []

    def work(recorder: ReindexRecorder) -> None:
        with recorder.stage("ingest"):
            raise error

    with pytest.raises(type(error)), recorded(db, folder, events.append) as recorder:
        work(recorder)
    assert [type(event) for event in events] == [Stage, ReindexReport]
    assert (events[-1].outcome, events[-1].reason) == (outcome, reason)
    run = last_run(db)
    assert run is not None
    assert run.outcome == outcome


def test_a_run_that_stopped_in_time_says_why(db: Database, folder: Path) -> None:
    events: list[Any] = []
    with recorded(db, folder, events.append) as recorder:
        recorder.stopped = "time is up"
        recorder.index_check = IndexCheck(recall=0.99, questions=32, proved=16)
    assert (events[-1].outcome, events[-1].reason) == ("stopped", "time is up")
    assert events[-1].recall == 0.99


def test_ranks_are_kept_and_compared_with_those_before(db: Database, folder: Path) -> None:
    for question in ("who signs?", "who pays?", "who leaves?"):
        add_golden(db, question, "file:///lease")
    with recorded(db, folder, lambda _: None) as recorder:
        recorder.ask(list_golden(db), {1: 1, 2: 2, 3: 0})
        assert recorder.golden == pytest.approx(50)
        assert recorder.moved == ()  # they had no ranks before
        recorder.ask(list_golden(db), {1: 1, 2: 1, 3: 4})
    assert recorder.moved == (
        RankChange("who pays?", "file:///lease", 2, 1),
        RankChange("who leaves?", "file:///lease", 0, 4),
    )
    assert [row.rank for row in list_golden(db)] == [1, 1, 4]


def test_without_golden_questions_there_is_no_figure(db: Database, folder: Path) -> None:
    with recorded(db, folder, lambda _: None) as recorder:
        recorder.ask([], {})
    assert recorder.golden is None

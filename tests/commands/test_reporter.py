"""How the events of a run are printed."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from wherein.commands.output import MAX_LISTED
from wherein.commands.reporter import Event, JsonReporter, TextReporter
from wherein.ingest.progress.dry_run import Plan
from wherein.ingest.progress.events import Ahead, DocumentDone, Progress, RunProblem, Stopped, summarize
from wherein.ingest.progress.reindex_report import RankChange, ReindexReport, Stage

STAGE = Stage("ingest", 1.25, "1 new")
REPORT = ReindexReport(
    "stopped", "time is up", 2.5, (STAGE,), 1.0, 87.5, (RankChange("who?", "file:///d/a.txt", 1, 0),), {"index": 7}
)
PROBLEM = RunProblem("failed", "file:///d/a.txt", "not UTF-8")
PLAN = Plan(
    new=3, changed=0, moved=1, unchanged=2, removed=0, gone=4, skipped=0, failed=1, chunks=1_500, embedded=1_200,
    reused=300, tokens=98_000, seconds=3_725.0,
)  # fmt: skip


def events_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_event_is_a_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = JsonReporter()
    assert reporter.shows_progress
    events: Sequence[Event] = (
        PROBLEM,
        DocumentDone("new", "file:///d/b.txt", 2, 1, 1),
        Ahead(3, 400),
        Stopped("time is up"),
        STAGE,
        REPORT,
    )
    for event in events:
        reporter(event)
    stage = {"name": "ingest", "seconds": 1.25, "detail": "1 new", "said": "1 new"}
    assert events_of(capsys) == [
        {"event": "failed", "schema": 1, "uri": "file:///d/a.txt", "reason": "not UTF-8"},
        {
            "event": "document", "schema": 1, "kind": "new", "uri": "file:///d/b.txt", "chunks": 2, "embedded": 1,
            "reused": 1, "brought_back": False,
        },
        {"event": "planned", "schema": 1, "files": 3, "bytes": 400},
        {"event": "stopped", "schema": 1, "why": "time is up"},
        {"event": "stage", "schema": 1, **stage},
        {
            "event": "night", "schema": 1, "outcome": "stopped", "reason": "time is up", "seconds": 2.5,
            "stages": [stage], "recall": 1.0, "golden": 87.5,
            "moved": [{"question": "who?", "uri": "file:///d/a.txt", "before": 1, "after": 0}], "bytes": {"index": 7},
        },
    ]  # fmt: skip


def test_progress_is_printed_at_most_once_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 100.5, 100.99, 101.0, 101.5, 150.0])
    monkeypatch.setattr("wherein.commands.reporter.time.monotonic", lambda: next(times))
    reporter = JsonReporter()
    for documents in range(6):
        reporter(Progress(documents, 0, 0, 0, None))
    assert [event["documents"] for event in events_of(capsys)] == [0, 3, 5]


def test_a_plan_and_a_summary_are_the_last_event(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = JsonReporter()
    reporter.plan(PLAN)
    reporter.summary(summarize(Counter(new=2), 1.5))
    plan, summary = events_of(capsys)
    assert plan == {"event": "plan", "schema": 1, **PLAN.as_dict()}
    assert (summary["event"], summary["new"], summary["seconds"]) == ("summary", 2, 1.5)


def test_a_person_sees_stages_as_they_end_and_problems_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter()
    assert not reporter.shows_progress
    for event in (PROBLEM, Progress(1, 1, 1, 1, 1), STAGE, Stage("clean up", 0.04, ""), Stopped("time is up")):
        reporter(event)  # type: ignore[arg-type]
    assert capsys.readouterr() == ("", "ingest: 1 new (1.2 s)\nclean up (0.0 s)\nstopped: time is up\n")
    reporter(RunProblem("skipped", "file:///d/b.txt", "empty file"))
    reporter.summary(summarize(Counter(new=1_200, failed=1, skipped=1, chunks=3_000, embedded=2_000), 61.0))
    out, err = capsys.readouterr()
    assert err == "skipped: /d/b.txt: empty file\nfailed: /d/a.txt: not UTF-8\n"
    assert out == ("1,200 new, 0 changed, 0 unchanged, 1 skipped, 1 failed; 3,000 chunks, 2,000 embedded, 61.0 s\n")


def test_the_report_of_a_reindex_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    TextReporter()(REPORT)
    assert capsys.readouterr().err.splitlines() == [
        "checked: recall@10 1.000 against exact search",
        "golden questions: mean reciprocal rank 87.5 %",
        "  who?: rank 1, now none (/d/a.txt)",
        "stopped: time is up",
    ]
    TextReporter()(ReindexReport("done", "", 2.5, (), None, None, (), {}))
    assert capsys.readouterr() == ("", "")


def test_of_many_problems_of_a_kind_only_the_first_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter()
    for number in range(MAX_LISTED + 2):
        reporter(RunProblem("failed", f"file:///d/{number}.txt", "not UTF-8"))
    reporter(RunProblem("skipped", "file:///d/b.txt", "empty file"))
    reporter.summary(summarize(Counter(), 0))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == MAX_LISTED + 2
    assert lines[0] == "skipped: /d/b.txt: empty file"
    assert lines[-2] == f"failed: /d/{MAX_LISTED - 1}.txt: not UTF-8"
    assert lines[-1] == "failed: 2 more; list them with: wherein documents list --problems"


def test_a_plan_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter()
    for event in (PROBLEM, DocumentDone("new", "file:///d/b.txt", 2, 1, 1), Progress(1, 1, 1, 1, 1)):
        reporter.dry_run(event)
    reporter.plan(PLAN)
    out, err = capsys.readouterr()
    assert err == "failed: /d/a.txt: not UTF-8\n"
    assert out == (
        "would add 3, update 0, leave 2 unchanged, move 1, fail on 1\n"
        "1,500 chunks, 1,200 to embed (98,000 tokens): about 1:02:05 on this machine\n"
        "4 documents are no longer in these sources; reindex would remove them\n"
    )

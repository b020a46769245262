"""What a run has done so far, counted and reported."""

from typing import Any

from wherein.ingest.progress.events import DocumentDone, Progress, RunProblem
from wherein.ingest.progress.run_log import RunLog


def test_everything_is_counted_and_reported() -> None:
    events: list[Any] = []
    log = RunLog(events.append)
    log.problem("skipped", "file:///a", "no text")
    log.problem("failed", "file:///b", "damaged")
    log.document(DocumentDone("new", "file:///c", 3, 2, 1))
    log.document(DocumentDone("moved", "file:///d", 2, 0, 2))
    log.tally["unchanged"] += 4
    log.progress(10, 20, 1.5)
    assert log.tally == {
        "skipped": 1, "failed": 1, "new": 1, "moved": 1, "unchanged": 4, "chunks": 5, "embedded": 2, "reused": 3,
    }  # fmt: skip
    assert events == [
        RunProblem("skipped", "file:///a", "no text"),
        RunProblem("failed", "file:///b", "damaged"),
        DocumentDone("new", "file:///c", 3, 2, 1),
        DocumentDone("moved", "file:///d", 2, 0, 2),
        Progress(documents=6, chunks=5, embedded=2, bytes_done=10, bytes_total=20, seconds_left=1.5),
    ]

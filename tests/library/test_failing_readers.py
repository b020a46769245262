"""Readers that hang, crash or fail cost only their own file, and no worker is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

import wherein
from toy import ToyEncoder
from wherein.ingest.progress.events import RunProblem
from wherein.ingest.workers.parse import Job
from wherein.ingest.workers.pool import ParseTask, Pool
from wherein.library import Library

ROOT = Path(wherein.__file__).parent


class OddPool(Pool):
    """Workers that do what no worker should."""

    submitted: ClassVar[list[Job]] = []  # in the last run

    def __init__(self, jobs: int | None = None) -> None:
        super().__init__(jobs, seconds=2, module="odd_worker")
        self.submitted.clear()

    def submit(self, job: Job) -> ParseTask:
        self.submitted.append(job)
        return super().submit(job)


def write(folder: Path, name: str, text: str = "Some text.") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_run_reports_them_and_ingests_the_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wherein.library.ingesting.Pool", OddPool)
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a", "buggy", "crash", "crash-2", "exit", "good", "greedy", "hang", "loud", "z"):
        write(docs, f"{name}.txt", f"Some text of {name}.")
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    events: list[object] = []
    summary = library.ingest([str(docs)], report=events.append)
    assert (summary.new, summary.failed) == (4, 6)
    assert [job.known for job in OddPool.submitted] == [None] * 10
    named = {Path(event.uri).stem: event.reason for event in events if isinstance(event, RunProblem)}
    assert set(named) == {"buggy", "crash", "crash-2", "exit", "greedy", "hang"}
    assert capfd.readouterr() == ("", "")
    # They are not tried again, until they change: files of this moment are hashed again, and not read.
    again = library.ingest([str(docs)])
    assert (again.unchanged, again.failed) == (4, 6)
    assert all(job.known for job in OddPool.submitted)
    (docs / "hang.txt").rename(docs / "mended.txt")
    assert library.ingest([str(docs)]).new == 1


SCRIPT = """
import signal
import sys
from pathlib import Path
from wherein.ingest.workers import pool as pools


class OddPool(pools.Pool):
    def __init__(self, jobs):
        super().__init__(jobs, module="odd_worker")


pools.Pool = OddPool
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from wherein.library import Library
from toy import ToyEncoder
print("begun", flush=True)
Library(Path(sys.argv[1]), encoder=ToyEncoder()).ingest([sys.argv[2]])
"""


def hanging(tmp_path: Path) -> subprocess.Popen[str]:
    """A program that waits for a reader that hangs, once its worker is there."""
    (tmp_path / "docs").mkdir()
    write(tmp_path / "docs", "hang.txt")
    path = os.pathsep.join([str(tmp_path / "marker"), str(ROOT / "tests")])
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "library"), str(tmp_path / "docs")],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not workers(tmp_path):
        assert program.poll() is None
        time.sleep(0.05)
    return program


def workers(tmp_path: Path) -> list[int]:
    """The workers of a program that was started with the marker, by their command lines."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes()
            dead = "\nState:\tZ" in (place / "status").read_text()
        except OSError:
            continue
        if b"odd_worker import" in line and str(tmp_path / "marker").encode() in line and not dead:
            found.append(int(place.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_is_left_behind(tmp_path: Path, number: int) -> None:
    program = hanging(tmp_path)
    program.send_signal(number)
    program.communicate(timeout=20)
    deadline = time.monotonic() + 20
    while workers(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers(tmp_path) == []


def test_a_worker_also_reads_what_came_on_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.library.ingesting.Pool", OddPool)
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    assert library.ingest_stream("crash", b"text").failed == 1
    assert library.ingest_stream("fine", b"text").new == 1

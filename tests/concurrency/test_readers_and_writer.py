"""Real processes at the same time: each answer is the exact one of a committed state, and one process writes at a time.

`python bench/concurrency.py` does the same for minutes, with figures.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from toy import ToyEncoder
from traffic import Crew, check
from wherein.errors import LibraryBusy
from wherein.library import Library
from wherein.storage.disk.lock import writer_lock


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(tmp_path)
    yield crew
    crew.end()


@pytest.mark.slow
def test_every_answer_is_that_of_one_committed_state(crew: Crew) -> None:
    for _ in range(2):
        crew.start_reader()
    for seed in range(2):
        crew.start_writer(seed)
        crew.read_on(600)
        crew.stop_midway()  # in the middle of a command, and often of a transaction: no reader waits for it
        crew.read_on(100)
        assert crew.writer is not None
        with pytest.raises(LibraryBusy, match=str(crew.writer.pid)), writer_lock(crew.library):
            pass
        crew.kill()
        with writer_lock(crew.library):  # free at once
            pass
    crew.finish()
    verdict = check(crew)
    assert verdict.wrong == []
    assert len(verdict.answers) >= 2_800
    assert verdict.states > 3
    assert min(map(len, verdict.generations)) > 1  # by readers that were never opened again
    status = Library(crew.library, encoder=ToyEncoder()).status()
    assert status.documents == len(list(Library(crew.library, encoder=ToyEncoder()).documents()))


def test_a_second_command_that_writes_ends_with_4(crew: Crew) -> None:
    crew.start_writer(0)
    crew.stop_midway()
    assert crew.writer is not None
    done = subprocess.run(
        [sys.executable, "-m", "wherein", "--library", str(crew.library), "ingest", str(crew.docs)],
        env={**os.environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert f"process {crew.writer.pid} is writing" in done.stderr
    crew.writer.send_signal(signal.SIGCONT)
    crew.finish()

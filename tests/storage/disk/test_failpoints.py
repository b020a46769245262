"""A process dies at the failpoint that is chosen, and nowhere else."""

import os
import signal
import subprocess
import sys

import pytest

from wherein.storage.disk.failpoints import EXIT_CODE, POINTS, STEPS, failpoint

SCRIPT = """
from wherein.storage.disk.failpoints import failpoint
for number in range(3):
    print(number, flush=True)
    failpoint("one")
    failpoint("two")
"""


def run(choice: str) -> tuple[int, list[str]]:
    """Return the exit code of a process that passes two failpoints three times, and how often it began to."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "WHEREIN_FAILPOINT": choice}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("choice", "code", "passes"),
    [
        ("one", EXIT_CODE, 1),
        ("two@2", EXIT_CODE, 2),
        ("one:kill", -signal.SIGKILL, 1),
        ("two@3:kill", -signal.SIGKILL, 3),
        ("one@4", 0, 3),
        ("on", 0, 3),
        ("", 0, 3),
    ],
)
def test_the_process_dies_at_the_chosen_step(choice: str, code: int, passes: int) -> None:
    assert run(choice) == (code, [str(n) for n in range(passes)])


def test_without_a_choice_a_failpoint_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHEREIN_FAILPOINT", raising=False)
    failpoint("generation.written")


def test_every_name_stands_for_one_step() -> None:
    of_steps = {f"{step}.{part}" for step in STEPS for part in ("begun", "written", "committed")}
    assert not of_steps & set(POINTS)
    assert not any(character in name for name in (*STEPS, *POINTS) for character in "@:")

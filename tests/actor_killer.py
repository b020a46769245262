"""Kills one actor of Ray after another, of those that this process has started, while a run uses them."""

import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["killing_actors"]


@contextmanager
def killing_actors(seed: int, most: int = 3, pause: tuple[float, float] = (0.3, 0.8)) -> Iterator[list[int]]:
    """Kill at most `most` actors, one after each pause in seconds; yield the list of their process ids so far."""
    stop, killed = threading.Event(), list[int]()
    thread = threading.Thread(target=_kill, args=(stop, random.Random(seed), killed, most, pause))
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def _kill(
    stop: threading.Event, chance: random.Random, killed: list[int], most: int, pause: tuple[float, float]
) -> None:
    while not stop.wait(chance.uniform(*pause)) and len(killed) < most:
        found = subprocess.run(["pgrep", "-f", "ray::IngestActor"], capture_output=True, text=True, check=False)
        if pids := [int(pid) for pid in found.stdout.split() if _is_ours(int(pid))]:
            killed.append(chance.choice(pids))
            os.kill(killed[-1], signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    """Whether a process descends from this one."""
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False

"""One writer and several readers share a library: is every answer exact, and does any process wait for another?

    python bench/concurrency.py [--seconds 120] [--readers 4]

The readers ask questions without a pause: first with no writer (`idle`), then while a writer works on another library
(`elsewhere`: the same load, nothing shared), then while it works on theirs (`busy`). From time to time the writer is
stopped in the middle of a command for a second (`stopped`), and then killed; meanwhile another process tries to write,
through the lock and through the command line. tests/traffic.py describes how answers are checked. `waited` is the part
of a question's time in which the reader neither computed nor was runnable: it waited for a lock or the disk.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from traffic import STEP, Answer, Crew, check
from wherein.errors import LibraryBusy
from wherein.storage.disk.lock import writer_lock

BETWEEN_KILLS = 15.0
STOPPED = 1.0


class Times:
    """The named spans of time of a run."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, float, float]] = []

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.spans.append((name, began, time.monotonic()))

    def of(self, name: str, answers: Sequence[Answer]) -> list[Answer]:
        """Return the answers whose whole time lies in a span of this name."""
        spans = [(a, b) for what, a, b in self.spans if what == name]
        return [one for one in answers if any(a <= one.began and one.began + one.seconds <= b for a, b in spans)]


def busy(crew: Crew, times: Times, seconds: float, counts: Counter[str], takeovers: list[float]) -> None:
    """Let the writer write; stop and kill it now and then, and try to write at the same time."""
    end, seed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        crew.start_writer(seed)
        assert crew.writer is not None
        seed += 1
        with times.span("busy"):
            killed_at = time.monotonic() + BETWEEN_KILLS
            while time.monotonic() < min(killed_at, end):
                time.sleep(0.2)
                counts[second_writer(crew)] += 1
        crew.stop_midway()
        with times.span("stopped"):
            time.sleep(STOPPED)
        counts[command(crew)] += 1
        crew.writer.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        counts["killed while it wrote"] += crew.holds_lock()
        counts["killed"] += 1
        began = time.monotonic()
        crew.kill()
        with writer_lock(crew.library):
            takeovers.append(time.monotonic() - began)


def second_writer(crew: Crew) -> str:
    assert crew.writer is not None
    try:
        with writer_lock(crew.library):
            return "lock was free"
    except LibraryBusy as busy:
        return "busy, right process named" if busy.pid == crew.writer.pid else f"busy, {busy.pid} named"


def command(crew: Crew) -> str:
    """Run an ingest while the writer is stopped in the middle of a command."""
    assert crew.writer is not None
    done = subprocess.run(
        [sys.executable, "-m", "wherein", "--library", str(crew.library), "ingest", str(crew.docs)],
        env={**os.environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    named = f"process {crew.writer.pid} is writing" in done.stderr
    return f"command ended with {done.returncode}, {'the right' if named else 'no'} process named"


def show(name: str, answers: Sequence[Answer]) -> None:
    if not answers:
        print(f"{name:<10} no answers")
        return
    for what in ("seconds", "waited"):
        values = sorted(1000 * getattr(answer, what) for answer in answers)
        cuts = [values[min(len(values) - 1, int(len(values) * part))] for part in (0.95, 0.99, 0.999)]
        print(
            f"{name:<10} {len(values):>7,} answers  {what:<8} median {statistics.median(values):7.2f}"
            f"  95 % {cuts[0]:7.2f}  99 % {cuts[1]:7.2f}  99.9 % {cuts[2]:7.2f}  longest {values[-1]:7.2f} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--readers", type=int, default=4)
    chosen = parser.parse_args()
    times, counts, takeovers = Times(), Counter[str](), list[float]()
    with tempfile.TemporaryDirectory() as work:
        crew, other = Crew(Path(work)), Crew(Path(work), "other")
        for _ in range(chosen.readers):
            crew.start_reader()
        crew.read_on(STEP)
        with times.span("idle"):
            time.sleep(chosen.seconds / 8)
        other.start_writer(99)
        with times.span("elsewhere"):
            time.sleep(chosen.seconds / 8)
        other.finish()
        busy(crew, times, chosen.seconds, counts, takeovers)
        crew.finish()
        verdict = check(crew)
    print(f"{len(verdict.answers):,} answers checked, {verdict.states:,} states, {len(verdict.wrong)} inconsistent")
    for reason in verdict.wrong[:5]:
        print(f"    {reason[:500]}")
    print(f"    {sum(a.before != a.after for a in verdict.answers):,} while a state changed")
    print(f"    {sum(a.refused for a in verdict.answers)} times a reader had to wait for a lock")
    print(f"generations seen by each reader: {[len(seen) for seen in verdict.generations]}")
    for name in ("idle", "elsewhere", "busy", "stopped"):
        show(name, times.of(name, verdict.answers))
    for what, count in sorted(counts.items()):
        print(f"{what}: {count}")
    longest = 1000 * max(takeovers)
    print(f"lock acquired after a kill, process end included: at most {longest:.1f} ms in {len(takeovers)} kills")


if __name__ == "__main__":
    main()

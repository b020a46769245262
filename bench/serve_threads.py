"""How many questions should `wherein serve` answer at once? Questions a second, and CPU time for each, by its threads.

python bench/serve_threads.py SQUAD_TRAIN.json LIBRARY [--threads 1,2,4,8,16] [--readers 0] [--switch 5]
    [--modes keyword,hybrid] [--connections 50] [--seconds 10] [--rounds 3] [--limit 5]

LIBRARY is one that bench/serve_load.py made; sentences are not marked. In each round each number of threads gets a
server, which is warmed up by load before it is measured; every other round takes the numbers in reverse. Only one
server runs at a time, with the client, a process of its own. --readers is how many threads read the library at once, 0
for the default; --switch is how many milliseconds a thread may keep the interpreter while others wait. Prints each run
and the medians.
"""

import argparse
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from serve_load import ask_all, client, processor_seconds, status

from wherein.evaluation.collection import read_squad
from wherein.library import Library, readers
from wherein.library.pool import Pool
from wherein.server.app import create_app
from wherein.server.serving import bind, serve
from wherein.server.settings import Settings

WARM_SECONDS = 3.0


@dataclass(frozen=True)
class Run:
    """Answers a second, milliseconds of the server's CPU for each, and milliseconds until an answer."""

    rate: float
    cpu: float
    p50: float
    p99: float

    def __str__(self) -> str:
        return (
            f"{self.rate:6.1f} a second, {self.cpu:5.1f} ms of CPU each, p50 {self.p50:5.0f} ms, p99 {self.p99:5.0f} ms"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--threads", default="1,2,4,8,16")
    parser.add_argument("--readers", type=int, default=0)
    parser.add_argument("--switch", type=float, default=5)
    parser.add_argument("--modes", default="keyword,hybrid")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=5)
    chosen = parser.parse_args()
    questions = random.Random(1).sample(read_squad(chosen.squad).questions, 2_000)
    numbers = [int(number) for number in chosen.threads.split(",")]
    for mode in chosen.modes.split(","):
        asked = {"limit": chosen.limit, "mode": mode, "sentence": False}
        runs: dict[int, list[Run]] = {number: [] for number in numbers}
        for turn in range(chosen.rounds):
            for number in numbers if turn % 2 == 0 else reversed(numbers):
                with server(chosen.library, number, chosen.readers, chosen.switch) as (pid, port):
                    ask(pid, port, questions[1_000:], asked, chosen.connections, WARM_SECONDS)
                    run = ask(pid, port, questions[:1_000], asked, chosen.connections, chosen.seconds)
                print(f"{mode}, {number} threads: {run}", flush=True)
                runs[number].append(run)
        for number in numbers:
            medians = Run(*map(statistics.median, zip(*map(astuple, runs[number]), strict=True)))
            print(f"median of {chosen.rounds}: {mode}, {number} threads: {medians}", flush=True)
    return 0


@contextmanager
def server(library: Path, threads: int, most_readers: int, switch: float) -> Iterator[tuple[int, int]]:
    """Start a server; yield its process id and its port when it is ready."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=serve_library, args=(sender, library, threads, most_readers, switch))
    process.start()
    try:
        port = receiver.recv()
        while status(port, "/readyz") != 200:
            time.sleep(0.02)
        assert process.pid
        yield process.pid, port
    finally:
        process.terminate()
        process.join(60)


def serve_library(pipe: Pipe, folder: Path, threads: int, most_readers: int, switch: float) -> None:
    sys.setswitchinterval(switch / 1000)
    settings = Settings(port=0, threads=threads)
    listening = bind(settings)
    if most_readers:
        readers.Pool = partial(_pool, most_readers)  # type: ignore[assignment, misc]
    with Path("/dev/null").open("w") as log, Library(folder) as library:
        sys.stderr = log
        serve(create_app(library, settings), listening, lambda: pipe.send(listening.getsockname()[1]))


def _pool(size, make, end, _, usable):  # type: ignore[no-untyped-def]
    return Pool(make, end, size, usable)


def ask(pid: int, port: int, questions: list[str], asked: dict[str, object], connections: int, seconds: float) -> Run:
    """Return what a load of some seconds costs. Raises SystemExit after an error."""
    with client() as pool:
        pool.submit(time.sleep, 0).result()  # so that the start of the client is not counted
        before = processor_seconds(pid)
        load = pool.submit(ask_all, port, questions, asked, connections, seconds, "").result()
        cpu = processor_seconds(pid) - before
    if load.errors:
        sys.exit(f"{load.errors} errors: {dict(load.statuses)}")
    ranked = sorted(load.seconds)
    p50, p99 = (1000 * ranked[int(share * (len(ranked) - 1))] for share in (0.5, 0.99))
    return Run(len(ranked) / seconds, 1000 * cpu / len(ranked), p50, p99)


if __name__ == "__main__":
    sys.exit(main())

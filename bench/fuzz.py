"""Run randomly damaged files through every reader.

    python bench/fuzz.py [--inputs 200000] [--seed 1] [--first 0] [--kind mail --kind csv ...] [--real FOLDER]

Each input is a small file of some kind, damaged at random (tests/mutations.py), or, with `--real`, a file of the
folder, damaged in the way of its kind. A reader may read it or raise Unreadable. Another exception, or more than 20
seconds, is a failure. A crash, and the need for more memory than a worker may have, are contained by the worker of a
real run. Inputs of both kinds are saved. Documents that hold the markup of their file are counted as sources. An input
depends on kind, seed and number alone, so a run can be repeated. The exit code is 1 if there was a failure.
"""

import argparse
import faulthandler
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import mutations
from wherein.ingest.workers.parse import MEMORY

MAX_SECONDS = 20
"""The time limit for one input."""

MAX_REAL = 200_000
"""Bytes of the largest real file that is damaged."""

Damage = Callable[[bytes, random.Random], bytes]
Kinds = Mapping[str, list[tuple[str, bytes, Damage]]]


class TooLong(BaseException):
    """Raised in the middle of a reader; not an Exception, which a reader might take for a damaged file."""


@dataclass(frozen=True)
class Result:
    """What became of an input; `failure` is a traceback or a reason, "" without one.

    It is `contained` where it would cost a worker, and in a run the file alone.
    """

    found: mutations.Found
    seconds: float
    failure: str = ""
    contained: bool = False


@dataclass(frozen=True)
class Inputs:
    """The inputs by number."""

    kinds: Kinds
    seed: int

    def kind(self, number: int) -> str:
        """Return the kind of an input."""
        return list(self.kinds)[number % len(self.kinds)]

    def input(self, number: int) -> tuple[str, bytes]:
        """Return the name and the bytes of an input."""
        kind = self.kind(number)
        chance = random.Random(f"{kind} {self.seed} {number}")
        name, data, damaged = chance.choice(self.kinds[kind])
        return name, damaged(data, chance)


def main() -> None:
    known = {**mutations.OFFICE, **mutations.OTHERS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=sorted(known))
    parser.add_argument("--real", type=Path, help="damage the files of this folder as well, by their suffixes")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    chosen = parser.parse_args()
    kinds: Kinds = {kind: [known[kind]] for kind in chosen.kind or sorted(known)}
    if chosen.real:
        add_real(kinds, chosen.real)
    began = time.monotonic()
    failures = report(Inputs(kinds, chosen.seed), range(chosen.first, chosen.first + chosen.inputs), chosen.failures)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    seconds = time.monotonic() - began
    print(f"{chosen.inputs:,} inputs, {failures:,} failures, {seconds:,.0f} s, {peak:,} MB at most")
    sys.exit(failures > 0)


def add_real(kinds: Kinds, folder: Path) -> None:
    """Add the files of a folder that are small, and have the suffix of a kind, to that kind."""
    for path in sorted(folder.rglob("*")):
        for seeds in kinds.values():
            name, _, damaged = seeds[0]
            if path.suffix.lower() == Path(name).suffix and path.is_file() and 0 < path.stat().st_size <= MAX_REAL:
                seeds.append((name, path.read_bytes(), damaged))


def report(inputs: Inputs, numbers: range, folder: Path) -> int:
    """Read the inputs, print a table of the results, and return how many failed; those are saved."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in inputs.kinds}
    seconds: Counter[str] = Counter()
    slowest: dict[str, float] = dict.fromkeys(inputs.kinds, 0.0)
    for number, result in results(inputs, numbers):
        kind, found = inputs.kind(number), result.found
        counts[kind].update(found._asdict(), inputs=1)
        counts[kind][outcome(result)] += 1
        seconds[kind] += result.seconds
        slowest[kind] = max(slowest[kind], result.seconds)
        if result.failure:
            save(inputs, number, result.failure, folder)
    columns = ("inputs", "read", "refused", "documents", "problems", "sources", "contained", "failures")
    print(f"| kind | {' | '.join(columns)} | s | slowest, s |\n|" + "---|" * (len(columns) + 3))
    for kind, count in counts.items():
        figures = " | ".join(f"{count[column]:,}" for column in columns)
        print(f"| {kind} | {figures} | {seconds[kind]:.0f} | {slowest[kind]:.2f} |")
    return sum(count["failures"] for count in counts.values())


def outcome(result: Result) -> str:
    """Return the column in which an input counts."""
    if result.failure:
        return "contained" if result.contained else "failures"
    return "read" if result.found.documents else "refused"


def save(inputs: Inputs, number: int, failure: str, folder: Path) -> None:
    name, data = inputs.input(number)
    path = folder / f"{inputs.kind(number).replace(' ', '-')}-{inputs.seed}-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"failure: {path}, read as {name}\n{failure}", file=sys.stderr, flush=True)


def results(inputs: Inputs, numbers: range) -> Iterator[tuple[int, Result]]:
    """Yield the result of each input; they are read in a process that is started again when one of them ends it."""
    forking = multiprocessing.get_context("fork")
    while numbers:
        ours, theirs = forking.Pipe(duplex=False)
        process = forking.Process(target=read_all, args=(inputs, numbers, theirs), daemon=True)
        process.start()
        theirs.close()
        for number in numbers:
            start = time.monotonic()
            failure, is_crash = f"a hang of more than {2 * MAX_SECONDS} s", False
            try:
                if ours.poll(2 * MAX_SECONDS):
                    yield number, ours.recv()
                    continue
            except EOFError:
                process.join()
                failure, is_crash = f"a crash (exit code {process.exitcode})", True
            yield number, Result(mutations.NOTHING, time.monotonic() - start, failure, is_crash)
            break
        process.kill()
        process.join()
        numbers = range(number + 1, numbers.stop)


def read_all(inputs: Inputs, numbers: range, results: Connection) -> None:
    faulthandler.enable()
    os.environ["RUST_BACKTRACE"] = "0"  # a backtrace takes longer than an input
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, too_long)
    for number in numbers:
        name, data = inputs.input(number)
        start = time.monotonic()
        found, error = checked(name, data)
        failure = "".join(traceback.format_exception(error)) if error else ""
        results.send(Result(found, time.monotonic() - start, failure, isinstance(error, MemoryError)))


def checked(name: str, data: bytes) -> tuple[mutations.Found, BaseException | None]:
    """Return what is in one input, and the error that its reader should not raise."""
    signal.alarm(MAX_SECONDS)
    try:
        return mutations.check(name, data), None
    except (Exception, TooLong) as error:
        return mutations.NOTHING, error
    finally:
        signal.alarm(0)


def too_long(*_: object) -> None:
    raise TooLong(f"longer than {MAX_SECONDS} seconds")


if __name__ == "__main__":
    main()

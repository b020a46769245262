"""Run randomly damaged files through every reader.

    python bench/fuzz.py [--inputs 200000] [--seed 1] [--kind mail --kind csv ...] [--failures FOLDER]

Each input is a small file of some kind, damaged at random (tests/mutations.py). A reader may read it or raise
Unreadable; anything else, or an input that takes longer than 20 seconds, is a failure and is saved in the folder. An
input depends on kind, seed and number alone, so a run can be repeated. The exit code is 1 if there was a failure.
"""

import argparse
import faulthandler
import random
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import mutations

MAX_SECONDS = 20
"""The time limit for one input."""


def main() -> None:
    kinds = {**mutations.OFFICE, **mutations.OTHERS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=sorted(kinds))
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    chosen = parser.parse_args()
    faulthandler.enable()
    signal.signal(signal.SIGALRM, too_long)
    names = chosen.kind or sorted(kinds)
    counts = {name: Counter[str]() for name in names}
    slowest = dict.fromkeys(names, 0.0)
    began = time.monotonic()
    for number in range(chosen.inputs):
        kind = names[number % len(names)]
        name, data, mutated = kinds[kind]
        damaged = mutated(data, random.Random(f"{kind} {chosen.seed} {number}"))
        start = time.monotonic()
        counts[kind].update(outcome(name, damaged, chosen.failures, f"{kind.replace(' ', '-')}-{chosen.seed}-{number}"))
        slowest[kind] = max(slowest[kind], time.monotonic() - start)
    print("| kind | inputs | read | refused | documents | problems | failures | slowest, s |\n|" + "---|" * 8)
    for kind, count in counts.items():
        figures = (count[what] for what in ("inputs", "read", "refused", "documents", "problems", "failures"))
        print(f"| {kind} | {' | '.join(f'{figure:,}' for figure in figures)} | {slowest[kind]:.2f} |")
    failures = sum(count["failures"] for count in counts.values())
    print(f"{chosen.inputs:,} inputs, {failures:,} failures, {time.monotonic() - began:,.0f} s")
    sys.exit(failures > 0)


def outcome(name: str, data: bytes, folder: Path, label: str) -> dict[str, int]:
    """Return the result of one input as counts; save the input if it is a failure."""
    signal.alarm(MAX_SECONDS)
    try:
        documents, problems = mutations.check(name, data)
    except (Exception, RecursionError) as error:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / label).write_bytes(data)
        print(f"failure: {folder / label}, read as {name}\n{traceback.format_exc()}", file=sys.stderr)
        return {"inputs": 1, "failures": 1, type(error).__name__: 1}
    finally:
        signal.alarm(0)
    found = "read" if documents else "refused"
    return {"inputs": 1, found: 1, "documents": documents, "problems": problems}


def too_long(*_: object) -> None:
    raise TimeoutError(f"longer than {MAX_SECONDS} seconds")


if __name__ == "__main__":
    main()

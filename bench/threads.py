"""One `Library` object, asked by many threads while one ingests and removes documents and one reindexes.

    python bench/threads.py [--seconds 120] [--threads 8] [--cache FOLDER]

With the shipped model. The library has 60 documents that stay, and six of which one changes at a time; the questions,
in all modes, and the check of every answer are described in tests/busy_library.py. Before that, questions are counted
without any writer, by 1, 2 and as many threads as were chosen. The exit code is 1 if an answer was wrong.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from busy_library import BusyLibrary

_ALONE = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        cache = chosen.cache or Path(work) / "cache"
        with BusyLibrary(Path(work), cache=cache) as busy:
            busy.run(chosen.threads, 1.0, writers=False)  # compiles the model
            for threads in sorted({1, 2, chosen.threads}):
                measure(busy, threads, min(_ALONE, chosen.seconds), writers=False)
            measure(busy, chosen.threads, chosen.seconds, writers=True)
            print(f"{len(busy.states):,} states, {busy.mistakes.total()} wrong answers or errors")
            for mistake, times in busy.mistakes.most_common(5):
                print(f"    {times} times: {mistake[:500]}")
    return 1 if busy.mistakes else 0


def measure(busy: BusyLibrary, threads: int, seconds: float, *, writers: bool) -> None:
    """Print how many questions the threads were answered, and which."""
    busy.answers.clear()
    began, used = time.monotonic(), sum(os.times()[:4])
    busy.run(threads, seconds, writers=writers)
    took, used = time.monotonic() - began, sum(os.times()[:4]) - used
    count = busy.answers.total() - busy.answers["change"] - busy.answers["reindex"]
    print(
        f"{threads} threads, {'beside a writer and a reindex' if writers else 'nobody writes'}: {count:,} answers in"
        f" {took:.0f} s, {count / took:.0f} a second; {1000 * used / count:.1f} ms of CPU time each"
    )
    print(f"    {', '.join(f'{number:,} {kind}' for kind, number in sorted(busy.answers.items()))}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

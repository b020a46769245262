"""Many small files, and many chunks: the cost of a run without the model.

    python bench/scale.py files [--count 20000]      ingest a folder of small files, and again unchanged
    python bench/scale.py chunks [--count 1000000]   records of one chunk each: rate, and growth of memory
    python bench/scale.py night [--count 10000]      reindex with nothing changed, and with one percent changed
    python bench/scale.py questions [--count 1000000]   the same records: opening, questions, status and recall, also
                                                     with a delta of 50,000

All of them use the deterministic toy encoder (16 components), whose time is negligible, in a folder that is deleted
afterwards, or in FOLDER with --keep FOLDER, whose library is used again.
"""

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "tests")]

from index_recall import index_recall  # noqa: E402

from toy import ToyEncoder  # noqa: E402
from wherein.ingest.progress.events import Progress  # noqa: E402
from wherein.library import Library  # noqa: E402

WORDS = [f"word{number}" for number in range(5_000)]


def library(folder: Path) -> Library:
    return Library(folder / "library", encoder=ToyEncoder())


def write_files(folder: Path, count: int) -> Path:
    chance = random.Random(0)
    for number in range(count):
        part = folder / "docs" / f"{number // 200:03}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{number:06}.txt").write_text(f"File {number}. " + " ".join(chance.choices(WORDS, k=40)))
    return folder / "docs"


def timed(what: str, run: Any) -> None:
    began = time.perf_counter()
    summary = run()
    print(f"{what}: {time.perf_counter() - began:.2f} s ({summary.new:,} new, {summary.changed:,} changed,"
          f" {summary.unchanged:,} unchanged, {summary.embedded:,} embedded)", flush=True)  # fmt: skip


def files(folder: Path, count: int) -> None:
    docs = write_files(folder, count)
    timed("first", lambda: library(folder).ingest([str(docs)]))
    time.sleep(2.5)  # a file that was modified just before it was read is read again by the next run
    timed("again", lambda: library(folder).ingest([str(docs)]))
    timed("unchanged", lambda: library(folder).ingest([str(docs)]))


def night(folder: Path, count: int) -> None:
    docs = write_files(folder, count)
    timed("first", lambda: library(folder).ingest([str(docs)]))
    time.sleep(2.5)
    timed("reindex", lambda: library(folder).reindex())
    timed("nothing changed", lambda: library(folder).reindex())
    for number in range(0, count, 100):
        (docs / f"{number // 200:03}" / f"{number:06}.txt").write_text(f"Another text of file {number}.")
    timed("one percent changed", lambda: library(folder).reindex())


def write_records(folder: Path, name: str, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    chance, source = random.Random(name), folder / f"{name}.jsonl"
    with source.open("w") as file:
        for number in range(count):
            text = " ".join(chance.choices(WORDS, k=20))  # no number: the toy encoder caches a vector for each word
            file.write(f'{{"id": "{number}", "text": "{text}"}}\n')
    return source


def chunks(folder: Path, count: int) -> None:
    source = write_records(folder, "records", count)
    began, marks = time.perf_counter(), []

    def report(event: object) -> None:
        if isinstance(event, Progress) and event.chunks >= (len(marks) + 1) * count // 10:
            rss = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
            marks.append((event.chunks, rss))
            rate = event.chunks / (time.perf_counter() - began)
            print(f"{event.chunks:,} chunks, {rate:,.0f} per second, {rss:.0f} MB", flush=True)

    summary = library(folder).ingest([str(source)], report=report)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = summary.chunks / seconds
    print(f"{summary.chunks:,} chunks in {seconds:.0f} s, {rate:,.0f} per second, peak {peak:.0f} MB;"
          f" from the second mark to the last, memory grew by {marks[-1][1] - marks[1][1]:.0f} MB")  # fmt: skip


def questions(folder: Path, count: int) -> None:
    if not (folder / "library").exists():
        chunks(folder, count)
        library(folder).reindex()
    measure(folder, f"{count:,} chunks")
    print(f"recall@10: {recall(folder):.4f}", flush=True)
    library(folder).ingest([str(write_records(folder, "delta", 50_000))])
    measure(folder, f"{count:,} chunks and 50,000 more")


def measure(folder: Path, title: str) -> None:
    """Print the medians of opening (the first question to a new `Library`, less a warm one), questions and status."""
    chance, opened = random.Random(1), library(folder)

    def ask(asked: Library) -> float:
        return spent(lambda: asked.query(" ".join(chance.choices(WORDS, k=4)), 10))

    ask(opened)
    warm = [ask(opened) for _ in range(200)]
    p50 = statistics.median(warm)
    opening = statistics.median(ask(library(folder)) for _ in range(5)) - p50
    state = statistics.median(spent(opened.status) for _ in range(5))
    print(f"{title}: opened in {opening:.1f} ms, hybrid p50 {p50:.1f} (least {min(warm):.1f}), status {state:.1f}",
          flush=True)  # fmt: skip


def spent(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - began)


def recall(folder: Path, asked: int = 200) -> float:
    """Return how many of the ten nearest vectors of some questions the index finds."""
    embedded = ToyEncoder().encode_questions([" ".join(random.Random(n).choices(WORDS, k=4)) for n in range(asked)])
    return index_recall(folder / "library", embedded)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["files", "chunks", "night", "questions"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    usual = {"files": 20_000, "chunks": 1_000_000, "night": 10_000, "questions": 1_000_000}
    with tempfile.TemporaryDirectory() as folder:
        globals()[given.what](given.keep or Path(folder), given.count or usual[given.what])


if __name__ == "__main__":
    main()

"""Ingestion by the local pipeline and by actors of Ray, on this machine.

    python bench/engines.py rate FILE… [--rounds 5] [--passages 600]    passages a second of both, by turns
    python bench/engines.py kills [--rounds 10] [--most 5]              runs in which actors are killed

`rate` ingests contexts of SQuAD files with the shipped model: two actors of one thread each against one encoder of two
threads. A rate counts from the first quarter on, so that starting Ray and loading the model are left out; it is
printed by the clock, and by the CPU time of all processes, those of Ray itself included, which depends less on other
load. `kills` uses the toy encoder, slowed to 2 ms a context, kills at most so many actors a run, and compares the
library with that of a local run: what is lost or doubled is printed.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from actor_killer import killing_actors
from toy import ToyEncoder
from toy_recipe import SlowRecipe
from wherein.evaluation.collection import read_squad
from wherein.ingest.cluster.engine import RayEngine
from wherein.ingest.progress.events import Progress
from wherein.library import Library

CACHE = Path.home() / ".cache" / "wherein" / "compiled"


@dataclass(frozen=True)
class Speed:
    """Passages a second, and a second of CPU time of all processes, after the first quarter; seconds until that."""

    wall: float
    cpu: float
    start: float


def speed(library: Library, docs: Path, engine: RayEngine | None) -> Speed:
    began, marks = time.perf_counter(), list[tuple[float, float, int]]()

    def report(event: object) -> None:
        if isinstance(event, Progress) and event.embedded:
            marks.append((time.perf_counter(), cpu_of_tree(), event.embedded))

    library.ingest([str(docs)], report=report, engine=engine)
    last, more, after = marks[-1]
    # By then both actors have started.
    first, used, before = next(mark for mark in marks if 4 * mark[2] >= after)
    return Speed((after - before) / (last - first), (after - before) / (more - used), first - began)


def cpu_of_tree() -> float:
    """Return the CPU time of this process and of all that descend from it, in seconds."""
    total, process = 0.0, psutil.Process()
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):
            times = one.cpu_times()
            total += times.user + times.system
    return total


def rates(files: list[Path], rounds: int, passages: int) -> None:
    texts = [text for path in files for text in read_squad(path).texts][:passages]
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        docs.mkdir()
        for first in range(0, len(texts), 20):
            lines = (json.dumps({"id": str(n), "text": text}) for n, text in enumerate(texts[first : first + 20]))
            (docs / f"{first:06}.jsonl").write_text("\n".join(lines))
        found: dict[str, list[Speed]] = {"local": [], "ray": []}
        for number in range(rounds):
            for name in sorted(found, reverse=bool(number % 2)):
                library = Library(Path(folder) / f"{name}{number}", cache=CACHE, precision="w8a8")
                own = speed(library, docs, RayEngine(actors=2) if name == "ray" else None)
                found[name].append(own)
                print(f"{name}: {own.wall:.1f} passages a second, {own.cpu:.1f} a second of CPU time, {own.start:.1f} s"
                      " for the first quarter", flush=True)  # fmt: skip
    print(f"{len(texts):,} passages, {rounds} rounds; of each pair ray has of local, in the median (and at least, at"
          " most):")  # fmt: skip
    for what in ("wall", "cpu"):
        pairs = zip(found["ray"], found["local"], strict=True)
        ratios = sorted(getattr(ray, what) / getattr(local, what) for ray, local in pairs)
        print(f"  {what}: {statistics.median(ratios):.2f} ({ratios[0]:.2f}, {ratios[-1]:.2f})")


def kills(rounds: int, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        docs.mkdir()
        for number in range(60):
            words = " ".join(f"word{(number * k) % 1_009}" for k in range(1_500))
            (docs / f"{number}.txt").write_text(f"Document {number}.\n\n{words}")
        expected, total = contents(Path(folder) / "local", docs, None), 0
        for seed in range(rounds):
            with killing_actors(seed, most=most, pause=(0.2, 1.0)) as killed:
                found = contents(Path(folder) / f"ray{seed}", docs, RayEngine(actors=2, recipe=SlowRecipe()))
            total += len(killed)
            lost, more = len(expected - found), len(found - expected)
            print(f"run {seed + 1}: {len(found):,} passages, {len(killed)} actors killed, {lost} lost, {more} doubled"
                  " or changed", flush=True)  # fmt: skip
        print(f"{rounds} runs, {total} actors killed")


def contents(folder: Path, docs: Path, engine: RayEngine | None) -> set[tuple[object, ...]]:
    """Return the passages of a new library, each with how often it is stored, and the number of vectors."""
    library = Library(folder, encoder=ToyEncoder())
    summary = library.ingest([str(docs)], engine=engine)
    assert not library.verify(deep=True).damaged
    found: dict[tuple[str, int, int, bytes], int] = {}
    for document in library.documents():
        for span in library.document(document.uri)[2]:
            key = document.uri, span.start, span.end, span.input_hash
            found[key] = found.get(key, 0) + 1
    return {*((*key, count) for key, count in found.items()), ("vectors", library.status().vectors, summary.chunks)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rate", "kills"])
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--passages", type=int, default=600)
    parser.add_argument("--most", type=int, default=5)
    given = parser.parse_args()
    if given.what == "rate":
        rates(given.files, given.rounds or 5, given.passages)
    else:
        kills(given.rounds or 10, given.most)


if __name__ == "__main__":
    main()

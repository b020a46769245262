"""One machine, far out: a library of many passages of 384 dimensions, without the time that a model needs.

    python bench/far_out.py [--count 200000] [--keep FOLDER] [--index auto]

Prints the rate of ingestion and the growth of memory, the bytes on disk by file, the memory and the opening of a
reader, hybrid and keyword questions, recall@10 against all vectors, and a nightly reindex with 1 % of the passages
changed.

The texts have 40 words whose frequencies fall as those of a language do (Zipf), so that a question of frequent words
concerns nearly every passage. They come in JSONL files of 100 records. A vector is one of 50,000 directions with noise
of 0.3 of its length, as in `bench/ann.py`; the directions lie in 2,000 topics, each with noise of its own length. With
--sentences FILE.npy, written by `bench/ann.py corpus`, they are those of real sentences. Questions get other noise. A
question embeds nothing here: the 8 ms of the shipped model come on top.

Beside each time stands the CPU time of the process and its workers, in parentheses: that depends less on other load.
A reader is measured in a process of its own. The library of --keep is used again. FOLDER needs 2.5 GB for a million.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from index_recall import index_recall

from toy import ToyEncoder
from wherein.embed.encoder import Key, Matrix
from wherein.embed.tokenizer import Question
from wherein.ingest.progress.events import Progress
from wherein.library import Library

WIDTH, DIRECTIONS, TOPICS, NOISE = 384, 50_000, 2_000, 0.3
WORDS, LENGTH, RECORDS = 30_000, 40, 100
SECONDS_A_CONTEXT = 0.033
"""CPU time of a full context with the shipped model (docs/scale.md)."""


class FarEncoder(ToyEncoder):
    """Vectors of 384 numbers that depend on the text alone, and on nothing but its hash."""

    def __init__(self, directions: Matrix) -> None:
        super().__init__(WIDTH, 128, 32, name="far")
        self.directions = directions

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        for key, ids in items:
            yield key, self.vector(ids, NOISE)

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        return np.array([self.vector(ids, NOISE) for ids in self.tokenizer.contexts(texts)], np.float32)

    def encode_tokenized(self, questions: Sequence[Question]) -> Matrix:
        return np.array([self.vector(question.ids, 1.0) for question in questions], np.float32).reshape(-1, WIDTH)

    def encode_question(self, text: str) -> tuple[Matrix, Question]:
        question = self.tokenizer.question(text)
        return self.encode_tokenized([question])[0], question

    def vector(self, ids: Sequence[int], noise: float) -> Matrix:
        seed = zlib.crc32(np.array(ids, np.uint32).tobytes())
        return unit(self.directions[seed % len(self.directions)], noise, np.random.default_rng(seed))


def unit(vectors: Matrix, noise: float, chance: np.random.Generator) -> Matrix:
    moved = vectors + chance.standard_normal(vectors.shape, np.float32) * np.float32(noise / np.sqrt(WIDTH))
    return moved / np.linalg.norm(moved, axis=-1, keepdims=True)


def directions(sentences: Path | None) -> Matrix:
    if sentences:
        return np.load(sentences)
    chance = np.random.default_rng(7)
    topics = unit(np.zeros((TOPICS, WIDTH), np.float32), 1.0, chance)
    return unit(topics[np.arange(DIRECTIONS) % TOPICS], 1.0, chance)


class Texts:
    """Texts of words whose frequencies fall with their rank."""

    def __init__(self) -> None:
        weights = 1 / np.arange(1, WORDS + 1)
        self._shares = np.cumsum(weights) / weights.sum()

    def lines(self, file: int, version: int) -> str:
        chance = np.random.default_rng([file, version])
        ranks = np.searchsorted(self._shares, chance.random((RECORDS, LENGTH)))
        return "".join(
            json.dumps({"id": str(number), "text": " ".join(f"w{rank}x" for rank in row)}) + "\n"
            for number, row in enumerate(ranks)
        )

    def write(self, docs: Path, files: Iterable[int], version: int) -> None:
        for file in files:
            path = docs / f"{file // 500:04}" / f"{file:07}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.lines(file, version))

    def question(self, number: int, *, frequent: bool) -> str:
        """Return four words: of the 20 most frequent ones, or of rank 100 to 3,000."""
        chance = random.Random(number)
        ranks = range(20) if frequent else range(100, 3_000)
        return " ".join(f"w{rank}x" for rank in chance.sample(ranks, 4))


def cpu() -> float:
    """Return the CPU time of this process and of those that it has waited for, in seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def ingest(library: Library, docs: Path, count: int) -> None:
    began, used, marks = time.perf_counter(), cpu(), list[tuple[int, float]]()

    def report(event: object) -> None:
        if isinstance(event, Progress) and event.chunks >= (len(marks) + 1) * count // 10:
            marks.append((event.chunks, cpu() - used))
            chunks, seconds = marks[-1]
            last, before = marks[-2] if len(marks) > 1 else (0, 0.0)
            each = 1_000 * (seconds - before) / (chunks - last)
            print(f"  {chunks:,} passages, the last tenth ({each:.2f} ms each), {resident():,.0f} MB", flush=True)

    summary = library.ingest([str(docs)], report=report)
    seconds = time.perf_counter() - began
    print(f"ingest: {summary.chunks:,} passages in {seconds:,.0f} s, {summary.chunks / seconds:,.0f} a second"
          f" ({1_000 * (cpu() - used) / summary.chunks:.2f} ms each),"
          f" peak {peak():,.0f} MB", flush=True)  # fmt: skip


def disk(folder: Path) -> None:
    sizes = Counter[str]()
    for path in folder.rglob("*"):
        if path.is_file():
            sizes[path.suffix or path.name] += path.stat().st_size
    parts = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in sizes.most_common(5))
    print(f"disk: {sum(sizes.values()) / 1e6:,.0f} MB ({parts})", flush=True)


def ask(library: Library, question: str, mode: str) -> tuple[float, float]:
    """Return the time of a question and its CPU time, in ms."""
    began, used = time.perf_counter(), cpu()
    library.query(question, 10, mode=mode)
    return 1_000 * (time.perf_counter() - began), 1_000 * (cpu() - used)


def reader(folder: Path, encoder: FarEncoder) -> None:
    """Print what a reader needs: this process is one."""
    texts, before = Texts(), resident()
    library = Library(folder, encoder=encoder)
    first, used = ask(library, texts.question(0, frequent=False), "hybrid")
    for mode, frequent in (("hybrid", False), ("keyword", False), ("keyword", True), ("hybrid", True)):
        asked = [ask(library, texts.question(number, frequent=frequent), mode) for number in range(1, 201)]
        wall, own = (sorted(times) for times in zip(*asked, strict=True))
        words = "frequent words" if frequent else "words of rank 100 to 3,000"
        print(f"{mode}, {words}: p50 {wall[100]:.1f} ms ({own[100]:.1f}), p95 {wall[189]:.1f} ({own[189]:.1f})",
              flush=True)  # fmt: skip
    print(f"first answer after {first:,.0f} ms ({used:,.0f}); resident memory {resident():,.0f} MB, {before:,.0f} of"
          f" them before the library was opened, peak {peak():,.0f}", flush=True)  # fmt: skip


def timed(what: str, run: Callable[[], object]) -> float:
    began, used = time.perf_counter(), cpu()
    run()
    seconds = cpu() - used
    print(f"{what}: {time.perf_counter() - began:,.1f} s ({seconds:,.1f})", flush=True)
    return seconds


def night(library: Library, docs: Path, texts: Texts, files: int) -> None:
    changed = range(0, files, 100)
    texts.write(docs, changed, version=2)
    seconds = timed(f"reindex with {len(changed) * RECORDS:,} passages changed", library.reindex)
    embedding = len(changed) * RECORDS * SECONDS_A_CONTEXT
    print(f"  the shipped model would take {embedding:,.0f} s of CPU time besides: {1 + seconds / embedding:.2f} times"
          f" the embedding alone; peak {peak():,.0f} MB", flush=True)  # fmt: skip
    timed("reindex of nothing", library.reindex)


def measure(folder: Path, count: int, index: str, sentences: Path | None) -> None:
    files, docs, texts = -(-count // RECORDS), folder / "docs", Texts()
    library = Library(folder / "library", encoder=FarEncoder(directions(sentences)))
    if not (folder / "library").exists():
        texts.write(docs, range(files), version=1)
        ingest(library, docs, count)
        timed("reindex", lambda: library.reindex(index=index))
    disk(folder / "library")
    again = [sys.executable, __file__, "--reader", str(folder / "library")]
    subprocess.run([*again, *(["--sentences", str(sentences)] if sentences else [])], check=True)
    questions = FarEncoder(directions(sentences)).encode_questions([f"question {number}" for number in range(100)])
    print(f"recall@10: {index_recall(folder / 'library', questions):.4f}", flush=True)
    night(library, docs, texts, files)
    disk(folder / "library")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--index", default="auto")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--sentences", type=Path, metavar="FILE.npy")
    parser.add_argument(
        "--reader", type=Path, metavar="LIBRARY", help="only measure a reader of a library, in this process"
    )
    given = parser.parse_args()
    if given.reader:
        reader(given.reader, FarEncoder(directions(given.sentences)))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(given.keep or Path(folder), given.count, given.index, given.sentences)


if __name__ == "__main__":
    main()

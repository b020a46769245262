"""Approximate indexes over a million vectors: recall, query time, size, and the time to open and to build them.

python bench/ann.py corpus FOLDER FILE…                            embed SQuAD files and a BEIR corpus.jsonl, once
python bench/ann.py fill FOLDER LIBRARY [--vectors 1000000]        fill a new library with noisy copies of the vectors
python bench/ann.py measure FOLDER LIBRARY [--index ivf]           build an index and search it

The corpus: 50,000 sentences of the texts in a seeded order, and 2,000 questions of the SQuAD files, embedded by the
shipped model. Copies of a sentence's vector get Gaussian noise of 0.3 of its length and are normalized again, which
gives a cosine of 0.96 with the sentence. Held-out vectors are made in the same way, with other noise. Recall is that of
`VectorIndex.nearest`, compared with NumPy over all stored vectors. Times are those of the single searching thread, both
wall-clock and CPU time; CPU time depends less on other load. Memory is the peak of the building process.
"""

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.embed.precision import resolve_precision
from wherein.evaluation.collection import read_squad
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import checkpoint, open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.models import bind_model, bound_model
from wherein.storage.catalog.vectors import read_vectors, save_vectors
from wherein.storage.index.generation_files import load_generation
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import active_generation, drop_old_generations
from wherein.storage.index.method import choose_index
from wherein.storage.index.tuning import GroundTruth
from wherein.storage.index.vector_index import load_index

SENTENCES, QUESTIONS, NOISE, QUERIES = 50_000, 2_000, 0.3, 1_000
_END = re.compile(r"(?<=[.!?])\s+")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for run in (corpus, fill, measure, build):
        command = commands.add_parser(run.__name__)
        command.add_argument("folder", type=Path)
        if run is corpus:
            command.add_argument("files", type=Path, nargs="+")
        else:
            command.add_argument("library", type=Path)
        if run is fill:
            command.add_argument("--vectors", type=int, default=1_000_000)
        if run in (measure, build):
            command.add_argument("--index", choices=["exact", "ivf", "hnsw"], default="ivf")
        command.set_defaults(run=run)
    chosen = vars(parser.parse_args())
    chosen.pop("run")(**chosen)
    return 0


def corpus(folder: Path, files: list[Path]) -> None:
    """Write `sentences.npy` and `questions.npy`, float32 `[n, width]`."""
    sentences, questions = texts(files)
    encoder = Encoder(load_model(), resolve_precision("auto"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, encode, part in (
        ("sentences", encoder.encode_contexts, sentences),
        ("questions", encoder.encode_questions, questions),
    ):
        began = time.monotonic()
        vectors = np.concatenate([encode(part[first : first + 1_000]) for first in range(0, len(part), 1_000)])
        np.save(folder / f"{name}.npy", vectors)
        print(f"{len(vectors):,} {name}, {time.monotonic() - began:.0f} s", flush=True)


def texts(files: list[Path]) -> tuple[list[str], list[str]]:
    """Return distinct sentences of at least 20 characters, and distinct questions."""
    sentences, questions = dict[str, None](), dict[str, None]()
    for path in files:
        if path.suffix == ".jsonl":
            passages = [json.loads(line)["text"] for line in path.read_text().splitlines()]
        else:
            collection = read_squad(path)
            passages = list(collection.texts)
            questions |= dict.fromkeys(collection.questions)
        for passage in passages:
            sentences |= dict.fromkeys(part for part in _END.split(passage) if len(part) >= 20)
    chance = random.Random(1)
    return (
        chance.sample(sorted(sentences), min(SENTENCES, len(sentences))),
        chance.sample(sorted(questions), min(QUESTIONS, len(questions))),
    )


def fill(folder: Path, library: Path, vectors: int) -> None:
    """Store the sentences' vectors repeatedly, each time with other noise, until there are `vectors` of them."""
    sentences = np.load(folder / "sentences.npy")
    library.mkdir(parents=True)
    chance = np.random.default_rng(7)
    with closing(open_writer(library)) as db:
        with writing(db, "model.bind"):
            model = bind_model(
                db, fingerprint="f" * 16, name="ann", version="1", precision="w8a8", dimension=sentences.shape[1]
            )
        for first in range(0, vectors, 10_000):
            rows = np.arange(first, min(first + 10_000, vectors)) % len(sentences)
            names = [content_hash(f"vector {first + offset}") for offset in range(len(rows))]
            with writing(db, "ingest.batch"):
                save_vectors(db, model.id, names, spread(sentences[rows], chance))
        checkpoint(db)


def spread(vectors: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    noise = chance.standard_normal(vectors.shape, dtype=np.float32) * np.float32(NOISE / np.sqrt(vectors.shape[1]))
    return (vectors + noise) / np.linalg.norm(vectors + noise, axis=1, keepdims=True)


def build(folder: Path, library: Path, index: str) -> None:
    """Write a generation; `measure` runs this in a process of its own, to measure its memory."""
    with closing(open_writer(library)) as db:
        model = bound_model(db)
        assert model is not None
        with writing(db, "reindex.index"):
            choose_index(db, index)
            began = time.monotonic()
        generation = write_generation(db, library, model)
        seconds = time.monotonic() - began
        drop_old_generations(db, library, kept=1)
        checkpoint(db)
    peak, method = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, generation.method
    share = generation.bytes / (4 * model.dimension * generation.count)
    print(f"{generation.count:,} vectors, {method.name}: written in {seconds:.0f} s, peak memory {peak / 1e3:,.0f} MB")
    print(f"{generation.bytes:,} bytes, {share:.3f} of float32, {method.head:,} of them in the header")
    print(f"size {method.size}, error {method.error:.4f}")
    for step in method.steps:
        print(
            f"   tuned for k = {step.k}: effort {step.effort}, {step.candidates} candidates, recall {step.recall:.4f}"
        )


def measure(folder: Path, library: Path, index: str) -> None:
    again = [sys.executable, __file__, "build", str(folder), str(library), "--index", index]
    subprocess.run(again, check=True)
    sentences = np.load(folder / "sentences.npy")
    held_out = spread(sentences[np.random.default_rng(8).choice(len(sentences), QUERIES, replace=False)],
                      np.random.default_rng(9))  # fmt: skip
    queries = {"questions": np.load(folder / "questions.npy")[:QUERIES], "held-out vectors": held_out}
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with closing(open_reader(library)) as db, snapshot(db):
        model, generation = bound_model(db), active_generation(db)
        assert model is not None
        assert generation is not None
        truths = {name: GroundTruth(vectors.astype(np.float32)) for name, vectors in queries.items()}
        for ids, vectors in read_vectors(db, model.id, model.dimension):
            for truth in truths.values():
                truth.add(ids, vectors)
        load_generation(library, generation)
        times = [timed(lambda: load_generation(library, generation))[0] for _ in range(5)]
        print(f"opened in {1e3 * float(np.median(times)):.1f} ms")
        opened = load_index(db, library, model, None)
        for k in (10, 50, 100):
            for name, truth in truths.items():
                report(opened, truth, k, name)


def report(opened, truth, k, name):  # type: ignore[no-untyped-def]
    for question in truth.questions[:50]:
        opened.nearest(question, k)
    wall, cpu, found = [], [], np.full((len(truth.questions), k), -1, np.int64)
    for row, question in enumerate(truth.questions):
        seconds, spent, (ids, _) = timed(lambda question=question: opened.nearest(question, k))
        wall.append(1e3 * seconds)
        cpu.append(1e3 * spent)
        found[row, : len(ids)] = ids
    recall = truth.recall(found, k)
    print(
        f"k = {k:>3}, {name:<16}: recall {recall.mean():.4f}, p50 {np.median(wall):.2f} ms, p95"
        f" {np.quantile(wall, 0.95):.2f} ms; CPU p50 {np.median(cpu):.2f} ms",
        flush=True,
    )


def timed(work):  # type: ignore[no-untyped-def]
    began, spent = time.perf_counter(), time.thread_time()
    result = work()
    return time.perf_counter() - began, time.thread_time() - spent, result


if __name__ == "__main__":
    sys.exit(main())

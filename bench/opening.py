"""Time to the first answer from a library of 100,000 passages, and to ingest one more document.

    python bench/opening.py [--passages 100000] [--delta 5000] [--removed 1000] [--rounds 9] [--library FOLDER]

Four states of the library: as one generation, with a delta of `--delta` passages, after one document of 20 passages was
removed, and after `--removed` passages more.

Imports and the model are not counted: the question is a fixed vector, and documents are embedded by the toy encoder.
Each figure is the median of fresh processes, followed by its parts. `spin` is the time of a fixed Python loop in the
same process, `flush` that of five flushes of a small file: they show the noise of the machine and of the disk.
`--library` keeps the library for the next run.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import numpy as np

from toy import ToyEncoder
from wherein.embed.model import fingerprint
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import checkpoint, open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, delete_document, model_input, save_document
from wherein.storage.catalog.models import StoredModel, bind_model, bound_model
from wherein.storage.catalog.vectors import highest_vector_id, read_vectors, save_vectors
from wherein.storage.index.folding import write_segments_if_due
from wherein.storage.index.generation_files import load_generation
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KINDS, active_generation, drop_old_generations

DIMENSION = 384
IN_A_DOCUMENT = 20
CHARACTERS = 600

Pieces = dict[str, float]


def build(folder: Path, passages: int) -> None:
    """Create a library of `passages` passages in one generation, with the functions of storage."""
    folder.mkdir(parents=True)
    db = open_writer(folder)
    model = bind(db)
    add(db, model, 0, passages)
    for kind in KINDS:
        write_generation(db, folder, model, kind)
    checkpoint(db)
    db.close()


def bind(db) -> StoredModel:
    model = ToyEncoder(DIMENSION).model
    with writing(db, "bench"):
        return bind_model(
            db, fingerprint=fingerprint(model, "w8a32"), name=model.name, version=model.version, precision="w8a32",
            dimension=DIMENSION,
        )  # fmt: skip


def add(db, model: StoredModel, first: int, count: int) -> None:
    words = " ".join(random.Random(first).choices([f"word{n}" for n in range(9_000)], k=CHARACTERS))
    for begin in range(first, first + count, IN_A_DOCUMENT * 50):
        with writing(db, "bench"):
            for number in range(begin, min(begin + IN_A_DOCUMENT * 50, first + count), IN_A_DOCUMENT):
                rows = document(number, words)
                save_document(db, rows)
                names = [chunk.input_hash for chunk in rows.chunks]
                save_vectors(db, model.id, names, unit_vectors(number, len(names)))


def document(number: int, words: str) -> DocumentRow:
    parts = [f"{number + n} {words[n * 7 : n * 7 + CHARACTERS]}\n" for n in range(IN_A_DOCUMENT)]
    text = "".join(parts)
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    chunks = [ChunkRow(a, b, content_hash(model_input(text, a, b)), None, ()) for a, b in pairwise(starts)]
    return DocumentRow(f"bench:{number}", None, f"Number {number}", "text/plain", text, {}, (), chunks)


def unit_vectors(seed: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# The measurements, each in a process of its own.


def ask(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Answer the first question; `index` opens the generation and reads the delta."""
    import faiss  # noqa: F401 - not counted

    from wherein.search.semantic import Searcher

    question = unit_vectors(2**40, 1)[0]
    held = {}
    yield "connect", lambda: held.update(db=open_reader(folder))
    yield "model", lambda: held.update(model=bound_model(held["db"]))
    searcher = Searcher(held["db"], folder, held["model"])
    yield "index", searcher.refresh
    yield "search", lambda: held.update(hits=searcher.search(question, 10))
    assert len(held["hits"]) == 10


def hybrid(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Answer the first two questions by words and vectors; `indexes` opens both generations and both deltas."""
    import faiss  # noqa: F401 - not counted

    from wherein.search.embedded import EmbeddedQuestion
    from wherein.search.hybrid import Ranker
    from wherein.search.query_syntax import parse_question

    question = parse_question("word12 word77 word4000")
    embedded = EmbeddedQuestion(unit_vectors(2**40, 1)[0], "cosine", 4.0)
    db = open_reader(folder)
    ranker = Ranker(db, folder, bound_model(db))
    ask = partial(ranker.search, question, embedded, 10)
    yield "indexes", ranker.refresh
    yield "first", ask
    yield "second", ask


def again(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Measure the parts of `index`, and a second question."""
    import faiss  # noqa: F401 - not counted

    from wherein.search.semantic import Searcher

    question = unit_vectors(2**40, 1)[0]
    db = open_reader(folder)
    model, generation = bound_model(db), active_generation(db)
    yield "generation", lambda: load_generation(folder, generation)
    with snapshot(db):
        yield "delta", lambda: list(read_vectors(db, model.id, DIMENSION, generation.highest_id))
    searcher = Searcher(db, folder, model)
    searcher.search(question, 10)
    yield "second search", lambda: searcher.search(question, 10)


def ingest(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Ingest one new document in a run of its own."""
    from wherein.ingest import run  # noqa: F401 - not counted
    from wherein.library import Library

    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "new.txt"
        file.write_text(f"A new document, written at {time.time_ns()}, that nobody has seen yet.")
        library = Library(folder, encoder=ToyEncoder(DIMENSION))
        yield "ingest", lambda: library.ingest([str(file)])
        library.remove_source(str(file))


PARTS = {"ask": ask, "hybrid": hybrid, "again": again, "ingest": ingest}


def spin() -> None:
    sum(range(2_000_000))


def flush() -> None:
    with tempfile.NamedTemporaryFile(dir=Path(__file__).parent) as file:
        for _ in range(5):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())


def timed(part: str, folder: Path) -> Pieces:
    pieces = {}
    for name, step in chain([("spin", spin), ("flush", flush)], PARTS[part](folder)):
        began = time.perf_counter()
        step()
        pieces[name] = 1000 * (time.perf_counter() - began)
    return pieces


def profiled(folder: Path) -> None:
    """Print the profile of an ingest."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    for _, step in ingest(folder):
        profile.runcall(step)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def fresh(part: str, folder: Path, rounds: int) -> dict[str, list[float]]:
    command = [sys.executable, __file__, "--part", part, "--library", str(folder)]
    runs = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout) for _ in range(rounds)
    ]
    return {name: [run[name] for run in runs] for name in runs[0]}


def show(title: str, part: str, folder: Path, rounds: int, counted: tuple[str, ...]) -> None:
    pieces = fresh(part, folder, rounds)
    whole = [sum(values) for values in zip(*(pieces[name] for name in counted), strict=True)]
    print(f"{title}: median {statistics.median(whole):.0f} ms, best {min(whole):.0f}, worst {max(whole):.0f}")
    for name, values in pieces.items():
        print(f"    {name:<14} {statistics.median(values):7.1f} ms   (best {min(values):.1f})")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--delta", type=int, default=5_000)
    parser.add_argument("--removed", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--part", choices=[*PARTS, "profile"])
    chosen = parser.parse_args()
    if chosen.part == "profile":
        profiled(chosen.library)
    elif chosen.part:
        print(json.dumps(timed(chosen.part, chosen.library)))
    else:
        with tempfile.TemporaryDirectory() as work:
            compare(chosen, chosen.library or Path(work) / "library")


def compare(chosen: argparse.Namespace, folder: Path) -> None:
    if not folder.exists():
        began = time.perf_counter()
        build(folder, chosen.passages)
        print(f"{chosen.passages:,} passages written in {time.perf_counter() - began:.0f} s", flush=True)
    grow(folder, 0)
    measure(folder, chosen.rounds, "")
    grow(folder, chosen.delta)
    measure(folder, chosen.rounds, f", delta of {chosen.delta:,}")
    for removed in (IN_A_DOCUMENT, chosen.removed):
        remove(folder, removed // IN_A_DOCUMENT)
        measure(folder, chosen.rounds, f", {removed:,} removed")


def remove(folder: Path, documents: int) -> None:
    """Remove documents that are spread over the library."""
    db = open_writer(folder)
    ids = [number for (number,) in db.execute("SELECT id FROM documents ORDER BY id").fetchall()]
    with writing(db, "bench"):
        for number in ids[:: max(len(ids) // documents, 1)][:documents]:
            delete_document(db, number)
    checkpoint(db)
    db.close()


def grow(folder: Path, delta: int) -> None:
    """Fold the delta into a generation, and then add `delta` passages to a new one."""
    db = open_writer(folder)
    model = bound_model(db)
    if highest_vector_id(db, model.id) > active_generation(db).highest_id:
        for kind in KINDS:
            write_generation(db, folder, model, kind)
        drop_old_generations(db, folder)
    add(db, model, time.time_ns(), delta)
    write_segments_if_due(db, folder, model)
    checkpoint(db)
    db.close()


def measure(folder: Path, rounds: int, what: str) -> None:
    show(f"open and answer{what}", "ask", folder, rounds, ("connect", "model", "index", "search"))
    show(f"open and answer by words too{what}", "hybrid", folder, rounds, ("indexes", "first"))
    show("its parts", "again", folder, rounds, ("generation", "delta", "second search"))
    show(f"ingest one document{what}", "ingest", folder, rounds, ("ingest",))


if __name__ == "__main__":
    main()

"""Time of a hybrid query of a warm library of 100,000 passages, compared with the encoder's part of it.

python bench/warm_query.py SQUAD_TRAIN.json [FOLDER] [--passages 100000] [--questions 200] [--index auto]
    [--corpus FOLDER]

One thread, k = 10. The passages have 120 words each, drawn at random with their frequency in the contexts of the file.
Their vectors are random unit vectors, for which no list of an index is nearer than another, or, with the corpus of
bench/ann.py, noisy copies of its sentences' vectors. The questions are those of the file. The library is built in
FOLDER, which is kept and reused, or in a temporary folder. The process is pinned to one core and warmed up with as many
other questions; encoder and whole query alternate over the same questions. The exit code is 1 if the query takes over
30 ms more than the encoder at the median.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from ann import spread
from filters import document

from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.embed.precision import resolve_precision
from wherein.evaluation.collection import Collection, read_squad
from wherein.library import Library
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import checkpoint, open_writer, writing
from wherein.storage.catalog.documents import save_document
from wherein.storage.catalog.models import bind_model, bound_model
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.index.folding import is_behind, write_first_generations
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import VECTORS, drop_old_generations
from wherein.storage.index.method import AUTO, CHOICES, choose_index

K, LENGTH, EACH, TARGET = 10, 120, 10, 30.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--index", choices=CHOICES, default=AUTO)
    chosen = parser.parse_args()
    collection = read_squad(chosen.squad)
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary) / "library"
        if not (folder / "catalog.db").exists():
            build(folder, collection, chosen.passages, chosen.corpus)
        change_index(folder, chosen.index)
        questions = random.Random(1).sample(collection.questions, 2 * chosen.questions)
        return measure(folder, questions[: chosen.questions], questions[chosen.questions :])


def build(folder: Path, collection: Collection, passages: int, corpus: Path | None) -> None:
    """Fill a library bound to the shipped model."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    sentences = np.load(corpus / "sentences.npy") if corpus else None
    known = np.array(" ".join(collection.texts).split())
    encoder = Encoder(load_model(), resolve_precision("auto"))
    dimension = encoder.model.width
    with closing(open_writer(folder)) as db:
        with writing(db, "model.bind"):
            model = bind_model(
                db, fingerprint=encoder.fingerprint, name=encoder.model.name, version=encoder.model.version,
                precision=encoder.precision, dimension=dimension,
            )  # fmt: skip
        for first in range(0, passages // EACH, 200):
            with writing(db, "ingest.batch"):
                for number in range(first, min(first + 200, passages // EACH)):
                    texts = [" ".join(words) for words in rng.choice(known, (EACH, LENGTH))]
                    names = [content_hash(text) for text in texts]
                    vectors = rng.standard_normal((EACH, dimension)).astype(np.float32)
                    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                    if sentences is not None:
                        vectors = spread(sentences[(EACH * number + np.arange(EACH)) % len(sentences)], rng)
                    save_vectors(db, model.id, names, vectors)
                    save_document(db, document(number, texts, names))
        write_first_generations(db, folder, model)
        checkpoint(db)


def change_index(folder: Path, index: str) -> None:
    """Build the library's index of this kind, unless it has one."""
    with closing(open_writer(folder)) as db:
        model = bound_model(db)
        assert model is not None
        with writing(db, "reindex.index"):
            choose_index(db, index)
        if is_behind(db, model, VECTORS):
            write_generation(db, folder, model)
            drop_old_generations(db, folder, kept=1)
        checkpoint(db)


def measure(folder: Path, questions: list[str], before: list[str]) -> int:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    faiss.omp_set_num_threads(1)
    library = Library(folder, threads=1)
    encoder = Encoder(load_model(), resolve_precision("auto"), threads=1, one_by_one=True)
    for question in before:
        encoder.encode_question(question)
        library.query(question, K)
    alone, whole = [], []
    for question in questions:
        began = time.perf_counter()
        encoder.encode_question(question)
        between = time.perf_counter()
        library.query(question, K)
        whole.append(1000 * (time.perf_counter() - between))
        alone.append(1000 * (between - began))
    more = float(np.median(whole) - np.median(alone))
    status = library.status()
    print(f"{status.chunks:,} passages, {status.index}, {len(questions)} questions, k = {K}, {encoder.precision}")
    for name, took in (("encoder", alone), ("whole query", whole)):
        print(f"{name:<12} p50 {np.median(took):6.1f} ms   p95 {np.quantile(took, 0.95):6.1f} ms")
    print(f"{more:.1f} ms more than the encoder at the median (target: at most {TARGET:.0f})")
    return 0 if more <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

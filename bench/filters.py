"""Filtered search over 200,000 passages with random vectors: equality with brute force, and time.

python bench/filters.py [FOLDER] [--passages 200000] [--documents 20000] [--dimension 384] [--rounds 30]
    [--index exact]

The library is built in FOLDER, which is kept and reused, or in a temporary folder. Times are those of
`Searcher.search`, without the encoder, in CPU time of the single searching thread, so that other load matters little:
the first question with a filter, and the medians of alternating rounds in one process, each with another question.
"""

import argparse
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np

from wherein.search.filters.parse import parse_filter
from wherein.search.semantic import Searcher
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import checkpoint, open_reader, open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.models import bind_model, bound_model
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.method import CHOICES, EXACT, choose_index

K = 10
SELECTIVITIES = (0.0001, 0.01, 0.5, 1.0)
DELTA = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--index", choices=CHOICES, default=EXACT)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary) / "library"
        if not (folder / "catalog.db").exists():
            build(folder, chosen.passages, chosen.documents, chosen.dimension, chosen.index)
        measure(folder, chosen.documents, chosen.rounds)


def build(folder: Path, passages: int, documents: int, dimension: int, index: str) -> None:
    """Fill a library; every twentieth passage has a text that other documents share. The last 2 % are the delta."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    each = passages // documents
    with closing(open_writer(folder)) as db:
        with writing(db, "model.bind"):
            model = bind_model(db, fingerprint="toy", name="toy", version="1", precision="w8a32", dimension=dimension)
            choose_index(db, index)
        folded = False
        for first in range(0, documents, 500):
            if not folded and first + 500 >= documents * (1 - DELTA):
                write_generation(db, folder, model)
                folded = True
            with writing(db, "ingest.batch"):
                for number in range(first, min(first + 500, documents)):
                    texts = [text_of(number * each + offset) for offset in range(each)]
                    names = [content_hash(text) for text in texts]
                    vectors = rng.standard_normal((each, dimension)).astype(np.float32)
                    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                    save_vectors(db, model.id, names, vectors)
                    save_document(db, document(number, texts, names))
        checkpoint(db)


def text_of(passage: int) -> str:
    return f"Shared passage {passage % 1_000}." if passage % 20 == 0 else f"Passage {passage} of the library."


def document(number: int, texts: list[str], names: list[bytes]) -> DocumentRow:
    # As the chunker's, the passages follow one another without a gap: a reindex ingests a document with gaps again.
    borders = np.cumsum([0, *(len(text) + 1 for text in texts)]).tolist()
    borders[-1] -= 1
    chunks = [ChunkRow(start, end, name, None, ()) for (start, end), name in zip(pairwise(borders), names, strict=True)]
    metadata = {"number": number, "tag": [f"t{number % 7}", f"u{number % 11}"]}
    uri = f"file:///shelf/{number % 100}/{number}.md"
    return DocumentRow(uri, None, f"Document {number}", "text/markdown", "\n".join(texts), metadata, (), chunks)


def measure(folder: Path, documents: int, rounds: int) -> None:
    db = open_reader(folder)
    model = bound_model(db)
    assert model is not None
    rng = np.random.default_rng(6)
    questions = rng.standard_normal((rounds, model.dimension)).astype(np.float32)
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    scores = Oracle(db, questions)
    print(f"{scores.passages:,} passages, {documents:,} documents, dimension {model.dimension}, k = {K}")
    print("selectivity  first question  unfiltered  filtered  filtered/unfiltered  equal to brute force")
    for share in SELECTIVITIES:
        limit = max(1, round(documents * share))
        only = parse_filter(where=f"number < {limit}")
        searcher = Searcher(db, folder, model)
        searcher.search(questions[0], K)
        began = time.thread_time()
        searcher.search(questions[0], K, only)
        first = time.thread_time() - began
        plain, filtered, equal = [], [], 0
        for row, question in enumerate(questions):
            began = time.thread_time()
            searcher.search(question, K)
            between = time.thread_time()
            hits = searcher.search(question, K, only)
            plain.append(between - began)
            filtered.append(time.thread_time() - between)
            equal += scores.agree(row, limit, hits)
        without, within = 1e3 * np.median(plain), 1e3 * np.median(filtered)
        print(
            f"{share:>10.2%}  {1e3 * first:>11.1f} ms  {without:>7.1f} ms  {within:>5.1f} ms  {within / without:>19.2f}"
            f"  {equal} of {rounds}"
        )


class Oracle:
    """Every passage's score for every question, computed by NumPy, and its document's number."""

    def __init__(self, db, questions):  # type: ignore[no-untyped-def]
        rows = db.execute(
            "SELECT c.id, json_extract(d.metadata, '$.number'), v.vector FROM chunks c JOIN documents d"
            " ON d.id = c.document_id JOIN vectors v ON v.input_hash = c.input_hash"
        )
        ids, numbers, scores = [], [], []
        while part := rows.fetchmany(10_000):
            ids += [row[0] for row in part]
            numbers += [row[1] for row in part]
            vectors = np.frombuffer(b"".join(row[2] for row in part), "<f4").reshape(len(part), -1)
            scores.append(vectors @ questions.T)
        self.ids, self.numbers, self.scores = np.array(ids), np.array(numbers), np.concatenate(scores)
        self.passages = len(ids)

    def agree(self, row, limit, hits):  # type: ignore[no-untyped-def]
        """Whether the hits are passages of the first `limit` documents, with the highest scores among these."""
        allowed = self.numbers < limit
        score_of = dict(zip(self.ids[allowed].tolist(), self.scores[allowed, row].tolist(), strict=True))
        best = sorted(score_of.values(), reverse=True)[:K]
        actual = [hit.score for hit in hits]
        expected = [score_of.get(hit.chunk, np.nan) for hit in hits]
        return (
            len({hit.chunk for hit in hits}) == len(best)
            and np.allclose(actual, best, atol=1e-5)
            and np.allclose(actual, expected, atol=1e-5)
        )


if __name__ == "__main__":
    main()

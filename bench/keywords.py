"""Keyword search over many passages: this index compared with SQLite's FTS5, tantivy and bm25s.

python bench/keywords.py 100000 [fts5 tantivy bm25s]

Texts have 120 words, drawn by Zipf's law from 60,000 invented words; questions have 4 common and 6 drawn words. Times
are CPU times of one thread. tantivy and bm25s must be installed separately (pip install tantivy bm25s).
"""

import argparse
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from wherein.search.keyword import best_passages, match
from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.packed_terms import ENTRY, TermRows
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import collect
from wherein.storage.index.postings_file import open_postings
from wherein.storage.index.postings_writer import write_postings

WORDS, LENGTH, QUESTIONS = 60_000, 120, 60


def words_of(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw word indices by Zipf's law with exponent 1, as in English: nearly every text has the most frequent word."""
    weights = 1 / np.arange(1, WORDS + 1)
    return rng.choice(WORDS, count, p=weights / weights.sum())


def name(number: int) -> str:
    letters = ""
    while True:
        number, letter = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[letter] + "aeiou"[letter % 5]
        if not number:
            return letters + "k"


def texts(count: int) -> Iterator[str]:
    rng = np.random.default_rng(1)
    names = [name(n) for n in range(WORDS)]
    for first in range(0, count, 1000):
        drawn = words_of(rng, LENGTH * min(1000, count - first)).reshape(-1, LENGTH)
        yield from (" ".join(names[n] for n in row) for row in drawn)


def questions() -> list[str]:
    rng = np.random.default_rng(2)
    return [" ".join(name(n) for n in [0, 1, 2, 3, *words_of(rng, 6)]) for _ in range(QUESTIONS)]


def timed(what: str, ask: Callable[[str], object]) -> None:
    took = []
    for question in questions():
        began = time.process_time()
        ask(question)
        took.append(1000 * (time.process_time() - began))
    took = took[5:]
    print(f"{what:<24} p50 {np.median(took):7.2f} ms   p95 {np.quantile(took, 0.95):7.2f} ms", flush=True)


def built(what: str, began: float, path: Path | None = None) -> None:
    size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) / 1e6 if path else 0
    print(f"{what:<24} built in {time.process_time() - began:6.1f} s   {size:,.0f} MB", flush=True)


def rows(count: int) -> Iterator[TermRows]:
    """Yield the term counts of the texts that `texts` yields, without writing the texts."""
    rng = np.random.default_rng(1)
    hashes = np.array([next(iter(terms_of(name(n)))) for n in range(WORDS)], np.uint64)
    for first in range(0, count, 1000):
        number = min(1000, count - first)
        drawn = words_of(rng, LENGTH * number).reshape(-1, LENGTH)
        keys, counts = np.unique(drawn + np.arange(number)[:, None] * WORDS, return_counts=True)
        entries = np.zeros(len(keys), ENTRY)
        entries["term"], entries["body"] = hashes[keys % WORDS], counts
        ids = np.arange(first + 1, first + number + 1)
        yield TermRows(ids, np.full(number, LENGTH, np.uint32), np.bincount(keys // WORDS), entries)


def peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def ours(folder: Path, count: int) -> None:
    path = folder / "000001.keywords"
    kept = list(rows(count))
    before, began = peak_kilobytes(), time.process_time()
    write_postings(path, count, count, count * LENGTH, kept)
    built("this index", began, folder)
    print(f"{'':<24} {(peak_kilobytes() - before) / 1024:,.0f} MB additional memory")
    del kept
    began = time.process_time()
    folded = open_postings(path, count, count)
    print(f"{'':<24} opened in {1000 * (time.process_time() - began):.1f} ms")
    index = KeywordIndex(0, None, (Part(folded), Part(collect(()))), count, count * LENGTH)
    with closing(sqlite3.connect(":memory:")) as db:

        def ask(text: str) -> list[int]:
            question = parse_question(text)
            return list(map(int, best_passages(PhraseCheck(db, question), match(index, question), 150)))

        timed("this index", ask)


def fts5(folder: Path, count: int) -> None:
    db = sqlite3.connect(folder / "fts.db")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(text, content='', tokenize='porter unicode61')")
    began = time.process_time()
    db.executemany("INSERT INTO t(rowid, text) VALUES (?, ?)", enumerate(texts(count), 1))
    db.commit()
    built("FTS5", began, folder)
    sql = "SELECT rowid, bm25(t) FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT 150"
    timed("FTS5", lambda question: db.execute(sql, [" OR ".join(question.split())]).fetchall())


def tantivy(folder: Path, count: int) -> None:
    import tantivy as engine

    schema = engine.SchemaBuilder().add_text_field("text", stored=False, tokenizer_name="en_stem").build()
    index = engine.Index(schema, path=str(folder))
    began = time.process_time()
    writer = index.writer(heap_size=100_000_000, num_threads=1)
    for text in texts(count):
        writer.add_document(engine.Document(text=text))
    writer.commit()
    writer.wait_merging_threads()
    built("tantivy", began, folder)
    index.reload()
    searcher = index.searcher()
    timed("tantivy", lambda question: searcher.search(index.parse_query(question, ["text"]), 150).hits)


def bm25s(folder: Path, count: int) -> None:
    import bm25s as engine
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    began = time.process_time()
    tokens = engine.tokenize(list(texts(count)), stopwords=None, stemmer=stemmer, show_progress=False)
    index = engine.BM25()
    index.index(tokens, show_progress=False)
    index.save(str(folder))
    built("bm25s", began, folder)

    def ask(question: str) -> object:
        asked = engine.tokenize([question], stopwords=None, stemmer=stemmer, show_progress=False)
        return index.retrieve(asked, k=150, show_progress=False)

    timed("bm25s", ask)


PEERS = {"fts5": fts5, "tantivy": tantivy, "bm25s": bm25s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"also measure {', '.join(PEERS)}")
    chosen = parser.parse_args()
    for peer in chosen.peers:
        if peer not in PEERS:
            parser.error(f"{peer} is not one of {', '.join(PEERS)}")
    for measure in (ours, *(PEERS[peer] for peer in chosen.peers)):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), chosen.count)


if __name__ == "__main__":
    main()

"""Compare ways to chunk a text: answers found, chunks to embed, and how many chunks an inserted sentence changes.

    python bench/chunking.py SQUAD_TRAIN_FILE CACHE [--sources PATH...]

The paragraphs of each article are joined into one document; a chunk answers a question if it contains the whole answer
where its author marked it. The questions are those of the articles that the training held out, over the chunks of all
articles. A sentence is inserted at 300 random positions in these documents, and in those of --sources, and the chunks
of the document that must be embedded again are counted (maximum and 90th percentile). Prints the tables of
docs/decisions/chunking.md.
"""

import argparse
import json
import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from candidates import Candidates
from rankings import hybrid, keyword, semantic

from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.embed.precision import resolve_precision
from wherein.embed.tokenizer import Tokenizer
from wherein.errors import Unreadable
from wherein.ingest import chunker
from wherein.ingest.chunker import chunk
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.choose import choose

INSERTED = "It was never quite clear to the neighbors who had left the green door open that night. "
INSERTIONS = 300
Cut = Callable[[str, Sequence[Mark], Tokenizer], list[tuple[int, int]]]


@dataclass(frozen=True)
class Article:
    title: str
    text: str
    asked: list[tuple[str, int, int]]


def articles(path: Path) -> list[Article]:
    found = []
    for part in json.loads(path.read_text("utf-8"))["data"]:
        text, asked = "", []
        for paragraph in part["paragraphs"]:
            at = len(text)
            for qa in paragraph["qas"]:
                start = at + qa["answers"][0]["answer_start"]
                asked.append((qa["question"], start, start + len(qa["answers"][0]["text"])))
            text += paragraph["context"] + "\n\n"
        found.append(Article(part["title"].replace("_", " "), text, asked))
    return found


# The ways to chunk.


def greedy(text: str, marks: Sequence[Mark], tokenizer: Tokenizer, overlap: int) -> list[tuple[int, int]]:
    """Chunk as the product does, with another overlap in tokens."""
    before, chunker._OVERLAP_TOKENS = chunker._OVERLAP_TOKENS, overlap
    try:
        return [(span.start, span.end) for span in chunk(text, marks, tokenizer)]
    finally:
        chunker._OVERLAP_TOKENS = before


def by_content(
    text: str, marks: Sequence[Mark], tokenizer: Tokenizer, overlap: int, least: float, one_in: int = 0, most: int = 382
) -> list[tuple[int, int]]:
    """Cut at the boundary of the best rank and, among equals, where the hash of the following text is lowest.

    With `one_in`, cut at the last of those whose hash is a multiple of it or, failing that, at the last.
    """

    def unfit(at: int) -> tuple[int, int]:
        value = _hash(text, int(known.start[at]))
        return (value, at) if not one_in else (value % one_in > 0, -at)

    words = tokenizer.words(text)
    known = chunker._cuttable(text, words, marks)
    spans, first, own = [], 0, 0
    while own < len(known.start):
        end = int(np.searchsorted(known.before, known.before[first] + most, "right")) - 1
        end = max(end, own + 1)
        begin = chunker._word_after(known, first, own, int(most * least))
        heads = np.flatnonzero(known.rank[chunker._word_after(known, first, own, most // 4) : end + 1] == 4)
        if len(heads):
            cut = chunker._word_after(known, first, own, most // 4) + int(heads[0])
        elif end >= len(known.start):
            cut = len(known.start)
        elif begin > end:
            cut = end
        else:
            ranks = known.rank[begin : end + 1]
            best = begin + np.flatnonzero(ranks == ranks.max())
            cut = int(min(best, key=unfit))
        start = int(known.start[first]) if first else 0
        spans.append((start, int(known.start[cut]) if cut < len(known.start) else len(text)))
        before, chunker._OVERLAP_TOKENS = chunker._OVERLAP_TOKENS, overlap
        first, own = chunker._overlap(known, first, cut), cut
        chunker._OVERLAP_TOKENS = before
    return spans


def _hash(text: str, at: int) -> int:
    return zlib.crc32(text[at : at + 40].encode("utf-8", "surrogatepass"))


def small(text: str, marks: Sequence[Mark], tokenizer: Tokenizer, overlap: int, most: int) -> list[tuple[int, int]]:
    """Chunk as the product does, with another limit."""
    limit, tokenizer.context_tokens = tokenizer.context_tokens, most + 2
    try:
        return greedy(text, marks, tokenizer, overlap)
    finally:
        tokenizer.context_tokens = limit


WAYS: dict[str, Cut] = {f"greedy, overlap {n}": partial(greedy, overlap=n) for n in (0, 20, 40, 80, 120)}
for most, n in ((254, 40), (190, 30), (126, 20)):
    WAYS[f"at most {most}, overlap {n}"] = partial(small, overlap=n, most=most)
for least, n in ((0.5, 40), (0.5, 0), (0.3, 40)):
    WAYS[f"by content from {least}, overlap {n}"] = partial(by_content, overlap=n, least=least)
for one_in in (2, 3, 5):
    WAYS[f"last of one in {one_in} by content, overlap 40"] = partial(by_content, overlap=40, least=0.5, one_in=one_in)


# The measurements.


@dataclass(frozen=True)
class Found:
    """Chunks, their tokens, and by mode: top-1, top-5 and mean reciprocal rank, all in percent."""

    chunks: int
    tokens: int
    modes: dict[str, tuple[float, float, float]]


def found(parts: list[Article], held: set[str], cut: Cut, encoder: Encoder, cache: Path, titled: bool) -> Found:
    texts, spans = [], []
    for part in parts:
        for start, end in cut(part.text, [], encoder.tokenizer):
            texts.append((f"{part.title}\n" if titled else "") + part.text[start:end].strip())
            spans.append((part.title, start, end))
    asked = [(text, part.title, a, b) for part in parts if part.title in held for text, a, b in part.asked]
    candidates = Candidates(texts, encoder, cache=cache)
    modes = {}
    for name, mode in (("semantic", semantic), ("keyword", keyword), ("hybrid", hybrid)):
        ranked = mode(candidates)([text for text, *_ in asked], 10)
        rank = np.array([
            next((n for n, at in enumerate(best.tolist(), 1) if holds(spans[at], answer)), 0)
            for (_, *answer), (best, _) in zip(asked, ranked, strict=True)
        ])  # fmt: skip
        reciprocal = np.where(rank > 0, 1 / np.maximum(rank, 1), 0)
        modes[name] = tuple(100 * float(np.mean(part)) for part in (rank == 1, (rank > 0) & (rank <= 5), reciprocal))
    return Found(len(texts), sum(map(len, encoder.tokenizer.contexts(texts))), modes)


def holds(chunk: tuple[str, int, int], answer: Sequence[str | int]) -> bool:
    return chunk[0] == answer[0] and chunk[1] <= answer[1] and answer[2] <= chunk[2]


def disturbed(documents: Sequence[tuple[str, Sequence[Mark]]], cut: Cut, tokenizer: Tokenizer) -> tuple[int, int, int]:
    """Return the number of chunks, and maximum and 90th percentile of those to embed again after an insertion."""
    rng = random.Random(0)
    total = sum(len(cut(text, marks, tokenizer)) for text, marks in documents)
    counts = []
    long = [pair for pair in documents if len(pair[0]) > 6_000]
    for _ in range(INSERTIONS):
        text, marks = rng.choice(long)
        ends = [n for n in range(len(text) - 1) if text[n] in ".!?" and text[n + 1] in " \n"] or [0]
        at = rng.choice(ends) + 2
        after = text[:at] + INSERTED + text[at:]
        moved = [Mark(m.start + (len(INSERTED) if m.start >= at else 0), m.page, m.heading) for m in marks]
        before = {text[a:b].strip() for a, b in cut(text, marks, tokenizer)}
        counts.append(sum(after[a:b].strip() not in before for a, b in cut(after, moved, tokenizer)))
    return total, max(counts), int(np.quantile(counts, 0.9, method="higher"))


def documents(paths: Iterable[Path]) -> Iterator[Document]:
    for path in paths:
        try:
            with path.open("rb") as stream:
                items = choose(str(path), stream).read(stream, str(path))
                yield from (item for item in items if isinstance(item, Document))
        except Unreadable:
            continue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--sources", type=Path, nargs="*", default=[])
    parser.add_argument("--ways", default="", help="only the ways whose names contain this")
    given = parser.parse_args()
    ways = {name: cut for name, cut in WAYS.items() if given.ways in name}
    given.cache.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((DEFAULT_MODEL / "model.json").read_text("utf-8"))
    held = {title.replace("_", " ") for title in manifest["tuning"]["held_out_articles"]}
    encoder = Encoder(load_model(), resolve_precision("auto"), cache=given.cache)
    parts = articles(given.squad)
    files = [(part.text, part.marks) for part in documents(given.sources)]
    print("| | chunks | 1,000 tokens | semantic top-1 / top-5 / MRR | keyword | hybrid | maximum | 90th percentile |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, cut in ways.items():
        for titled in (False, True) if "overlap 40" in name and "content" not in name else (False,):
            got = found(parts, held, cut, encoder, given.cache, titled)
            figures = " | ".join(" / ".join(f"{value:.2f}" for value in mode) for mode in got.modes.values())
            _, worst, most = disturbed([(part.text, ()) for part in parts], cut, encoder.tokenizer)
            row = f"{name}{', titled' if titled else ''} | {got.chunks:,} | {got.tokens / 1000:.0f} | {figures}"
            print(f"| {row} | {worst} | {most} |", flush=True)
    for name, cut in ways.items() if files else ():
        total, worst, most = disturbed(files, cut, encoder.tokenizer)
        print(
            f"| {name} | {total:,} chunks of {len(files)} files | maximum {worst} | 90th percentile {most} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

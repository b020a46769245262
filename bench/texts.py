"""What a question costs when all words are in one long text instead of many files, and what text costs to store.

    python bench/texts.py [--megabytes 4.6 19] [--files 232] [--rounds 40]

The same words are ingested as one file and as --files files, by the toy encoder. Questions alternate between the two
libraries, with and without the neighbors of a passage; the figures are medians. `chunk` is the time to cut texts of
growing length with the tokenizer of the default model, which must grow in proportion.
"""

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from toy import ToyEncoder
from wherein.embed.model import load_model
from wherein.embed.tokenizer import Tokenizer
from wherein.ingest.document import Document
from wherein.ingest.prepared import chunk_document
from wherein.library import Library
from wherein.search.results.postprocess import ResultOptions

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("ral", "nen", "sto", "mi", "dek", "lu", "tan")]

PRESENTED = {
    "without folding": ResultOptions(),
    "folded": ResultOptions(fold=True),
    "folded, --context 1": ResultOptions(fold=True, context=1),
}


def sentences(seed: int, characters: int) -> str:
    chosen, parts, length = random.Random(seed), [], 0
    while length < characters:
        parts.append(
            " ".join(chosen.choices(WORDS, k=chosen.randint(5, 20))).capitalize() + chosen.choice([". ", ".\n"])
        )
        length += len(parts[-1])
    return "".join(parts)[:characters]


def library(folder: Path, texts: list[str]) -> tuple[Library, float]:
    source = folder / "source"
    source.mkdir(parents=True)
    for number, text in enumerate(texts):
        (source / f"{number}.txt").write_text(text)
    built = Library(folder / "library", encoder=ToyEncoder(context_tokens=200))
    began = time.perf_counter()
    built.ingest([str(source)])
    return built, time.perf_counter() - began


def seconds(asked: Library, question: str, options: ResultOptions) -> float:
    began = time.perf_counter()
    assert asked.query(question, 10, options=options).hits
    return time.perf_counter() - began


def compare(folder: Path, megabytes: float, files: int, rounds: int) -> None:
    text = sentences(1, int(megabytes * 1e6))
    size = len(text) // files
    one, one_took = library(folder / "one", [text])
    many, many_took = library(folder / "many", [text[at : at + size] for at in range(0, len(text), size)])
    questions = [" ".join(random.Random(number).choices(WORDS, k=5)) for number in range(rounds)]
    print(f"{megabytes} MB: ingested in {one_took:.1f} s as one file, {many_took:.1f} s as {files}")
    for name, options in PRESENTED.items():
        for asked in (one, many):
            seconds(asked, questions[0], options)
        times = [(seconds(one, question, options), seconds(many, question, options)) for question in questions]
        a, b = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
        print(f"  {name}: {a:.1f} ms in one text, {b:.1f} ms in {files}: {a / b:.2f}")


def chunking() -> None:
    tokenizer = Tokenizer(load_model())
    for what, unit in (("sentences", sentences(2, 1_000_000)), ("one word", "x" * 1_000_000)):
        for megabytes in (1, 4, 16):
            began = time.process_time()
            chunks = len(chunk_document(Document("", unit * megabytes, "text/plain"), tokenizer).rows)
            took = time.process_time() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(f"  chunk {megabytes} MB of {what}: {took:.1f} s, {chunks} chunks, peak {peak} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, nargs="*", default=[4.6, 19])
    parser.add_argument("--files", type=int, default=232)
    parser.add_argument("--rounds", type=int, default=40)
    chosen = parser.parse_args()
    for megabytes in chosen.megabytes:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), megabytes, chosen.files, chosen.rounds)
    chunking()


if __name__ == "__main__":
    main()

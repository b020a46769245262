"""How often the marked sentence holds the answer, and what marking it costs.

python bench/sentences.py SQUAD.json [--questions 1500] [--hits 10]

The contexts of the file are ingested into a temporary library with the shipped model. Each of the questions, drawn at
random, is asked of it; where its own context is among the hits, the marked sentence is right if an answer of the file
begins in it and ends in it. Printed are the share of right ones, and the time of a warm question with `--sentence` and
without it, in alternation, in milliseconds.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wherein.library import Library
from wherein.search.results.postprocess import ResultOptions


@dataclass(frozen=True)
class Asked:
    """A question, the context that answers it, and where its answers begin and end there."""

    question: str
    context: str
    answers: tuple[tuple[int, int], ...]


def read(path: Path) -> list[Asked]:
    return [
        Asked(
            one["question"],
            paragraph["context"],
            tuple((answer["answer_start"], answer["answer_start"] + len(answer["text"])) for answer in one["answers"]),
        )
        for article in json.loads(path.read_text())["data"]
        for paragraph in article["paragraphs"]
        for one in paragraph["qas"]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("--questions", type=int, default=1500)
    parser.add_argument("--hits", type=int, default=10)
    chosen = parser.parse_args()
    asked = read(chosen.squad)
    with tempfile.TemporaryDirectory() as temporary:
        contexts = list(dict.fromkeys(one.context for one in asked))
        records = (json.dumps({"id": str(number), "text": text}) for number, text in enumerate(contexts))
        (Path(temporary) / "contexts.jsonl").write_text("\n".join(records))
        library = Library(Path(temporary) / "library")
        library.ingest([str(Path(temporary) / "contexts.jsonl")])
        measure(library, random.Random(1).sample(asked, min(chosen.questions, len(asked))), chosen.hits)
    return 0


def measure(library: Library, asked: list[Asked], hits: int) -> None:
    right = found = 0
    times: dict[bool, list[float]] = {False: [], True: []}
    for one in asked:
        for sentence in (False, True):
            began = time.perf_counter()
            answer = library.query(one.question, hits, options=ResultOptions(fold=True, sentence=sentence))
            times[sentence].append(1000 * (time.perf_counter() - began))
        hit = next((hit for hit in answer.hits if hit.text.strip() == one.context.strip()), None)
        if hit is not None and hit.sentence is not None:
            found += 1
            shift = one.context.find(hit.text.strip())
            start, end = (at - hit.start + shift for at in (hit.sentence.start, hit.sentence.end))
            right += any(start <= first and last <= end for first, last in one.answers)
    print(f"{len(asked)} questions, {found} with their context among {hits} hits")
    print(f"the marked sentence holds an answer: {100 * right / max(found, 1):.1f} %")
    for sentence, name in ((False, "without"), (True, "with sentence")):
        p50, p95 = np.quantile(times[sentence][len(asked) // 10 :], (0.5, 0.95))
        print(f"{name:<14} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms")


if __name__ == "__main__":
    sys.exit(main())

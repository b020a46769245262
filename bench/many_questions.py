"""Questions a second and CPU time a question of `Library.query_many`, and of questions asked one by one.

    python bench/many_questions.py SQUAD.json LIBRARY [--passages 3700] [--questions 1000] [--against CHECKOUT]

LIBRARY is made of the file's contexts by the shipped model unless it exists; the questions are the file's, shuffled.
k = 5. With --against, another checkout answers the same questions in a process of its own, and the two alternate block
by block, so that other load on the machine weighs on both alike. Rates and times are medians of the blocks; CPU time
is that of the whole process, the model's threads included, and `Python` that of the thread that asks.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

MODES = ("hybrid", "keyword", "semantic")
K, BLOCK = 5, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--passages", type=int, default=3_700)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--modes", nargs="+", default=MODES)
    parser.add_argument("--fold", action="store_true", help="show near-copies once, as the command does")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    articles = json.loads(chosen.squad.read_text("utf-8"))["data"]
    paragraphs = [(article["title"], one) for article in articles for one in article["paragraphs"]][: chosen.passages]
    if not (chosen.library / "catalog.db").exists():
        fill(chosen.library, [(title, one["context"]) for title, one in paragraphs])
    asked = [question["question"] for _, one in paragraphs for question in one["qas"]]
    questions = random.Random(1).sample(asked, chosen.questions)
    if chosen.answer:
        answer(chosen.library, questions, chosen.fold)
    else:
        compare(questions, chosen.modes, chosen.against)


def fill(folder: Path, texts: list[tuple[str, str]]) -> None:
    from wherein.library import Library

    records = folder.parent / f"{folder.name}.jsonl"
    with records.open("w") as file:
        for number, (title, text) in enumerate(texts):
            print(json.dumps({"id": str(number), "title": title.replace("_", " "), "text": text}), file=file)
    with Library(folder) as library:
        library.ingest([str(records)])
        library.reindex()


def answer(folder: Path, questions: list[str], fold: bool) -> None:
    """Answer the questions of each line on standard input: a mode, the first and the last question, and how."""
    from wherein.library import Library, ResultOptions

    library, options = Library(folder), ResultOptions(fold=fold)
    for line in sys.stdin:
        mode, first, last, how = line.split()
        block = questions[int(first) : int(last)]
        before = clocks()
        if how == "together":
            answers = list(library.query_many(block, K, mode=mode, options=options))
        else:
            answers = [library.query(question, K, mode=mode, options=options) for question in block]
        took = [now - then for now, then in zip(clocks(), before, strict=True)]
        found = [[hit.chunk for hit in one.hits] for one in answers]
        print(json.dumps([*(1000 * part / len(block) for part in took), hash(str(found))]), flush=True)


def clocks() -> tuple[float, float, float]:
    return time.perf_counter(), time.process_time(), time.thread_time()


def compare(questions: list[str], modes: Sequence[str], against: Path | None) -> None:
    """Print a line for each mode and way of asking."""
    here = Path(__file__).parent.parent
    checkouts = [here, *([against] if against else [])]
    with_answers = [*sys.argv, "--answer"]
    workers = [
        subprocess.Popen(
            [sys.executable, *with_answers], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(one / ".typed"), "PYTHONHASHSEED": "0"},
        )
        for one in checkouts
    ]  # fmt: skip
    print(f"{'':22}" + "".join(f"{str(one)[-20:]:>40}" for one in checkouts))
    for mode in modes:
        for how in ("together", "single"):
            measure(workers, questions, mode, how)
    for worker in workers:
        worker.communicate()


def measure(workers: list, questions: list[str], mode: str, how: str) -> None:
    taken: list[list[list[float]]] = [[] for _ in workers]
    for worker in workers:
        ask(worker, mode, 0, BLOCK, how)  # loads the model and the index
    same = True
    for first in range(0, len(questions), BLOCK):
        found = [ask(worker, mode, first, first + BLOCK, how) for worker in workers]
        same = same and len({one[-1] for one in found}) == 1
        for times, one in zip(taken, found, strict=True):
            times.append(one)
    cells = []
    for times in taken:
        wall, cpu, thread = (median(column) for column in list(zip(*times, strict=True))[:3])
        cells.append(f"{1000 / wall:7.0f}/s {wall:6.2f} ms CPU {cpu:6.2f} Python {thread:6.2f}")
    print(f"{mode:<10}{how:<10}" + "  ".join(cells) + ("" if same else "   DIFFERENT"), flush=True)


def ask(worker: subprocess.Popen, mode: str, first: int, last: int, how: str) -> list[float]:
    print(mode, first, last, how, file=worker.stdin, flush=True)
    return json.loads(worker.stdout.readline())


if __name__ == "__main__":
    main()

"""How reliable the chances of hits are, on the live path, in libraries of growing size.

    python bench/reliability.py SQUAD.json NEW_FOLDER [--add RECORDS.jsonl ...] [--questions 600] [--half 0|1]

Half of the articles of SQUAD.json are ingested, so that half of the questions have no answer; each file of --add then
makes the library larger, and the questions are asked again. Then the same with the other half, unless one is named.
Printed are, for each size, how many hits have a chance in a range, their mean chance, and how many of them are right,
in percent; then for how many questions without an answer "no good match" is noted, and for how many others.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from wherein.library import Library
from wherein.search.calibration import NO_GOOD_MATCH

BINS = (0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.01)
SHOWN, AT_ONCE, SEED = 5, 100, 2


@dataclass(frozen=True)
class Asked:
    """A question, and the name of the record that answers it."""

    text: str
    record: str
    article: str


@dataclass(frozen=True)
class Shown:
    """The hits for questions: their chances `[n, SHOWN]`, 0 where there is none, and which of them are right.

    `has_answer` `[n]` says of each question whether the library has its passage.
    """

    passages: int
    chances: np.ndarray
    right: np.ndarray
    has_answer: np.ndarray


def read_squad(path: Path) -> tuple[dict[str, list[dict[str, str]]], list[Asked]]:
    """Return the records of each article, and all questions."""
    records: dict[str, list[dict[str, str]]] = {}
    asked = []
    for at, article in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        for number, paragraph in enumerate(article["paragraphs"]):
            name = f"{at}-{number}"  # not the title: a URI escapes some letters
            records.setdefault(article["title"], []).append({"id": name, "text": paragraph["context"]})
            asked += [Asked(one["question"], name, article["title"]) for one in paragraph["qas"]]
    return records, asked


def ask(library: Library, asked: Sequence[Asked], articles: set[str]) -> Shown:
    chances, right = np.zeros((len(asked), SHOWN)), np.zeros((len(asked), SHOWN), np.bool_)
    for first in range(0, len(asked), AT_ONCE):
        part = asked[first : first + AT_ONCE]
        for row, (one, answer) in enumerate(zip(part, library.query_many([q.text for q in part], SHOWN), strict=True)):
            for at, hit in enumerate(answer.hits):
                chances[first + row, at] = hit.chance or 0.0
                right[first + row, at] = hit.uri.endswith(f"#{one.record}")
    return Shown(library.status().chunks, chances, right, np.array([one.article in articles for one in asked]))


def measured(folder: Path, squad: Path, added: Sequence[Path], half: int, count: int) -> list[Shown]:
    """Ingest one half of the articles and then each of the files, and ask after each."""
    records, asked = read_squad(squad)
    articles = set(sorted(records)[half::2])
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "articles.jsonl"
    rows = [record for title in sorted(articles) for record in records[title]]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    chosen, found = random.Random(SEED).sample(asked, count), []
    with Library(folder / "library") as library:
        for path in (source, *added):
            library.ingest([str(path)])
            library.reindex()
            found.append(ask(library, chosen, articles))
            print(f"half {half}: {found[-1].passages:,} passages", flush=True)
    return found


def report(halves: Sequence[Sequence[Shown]]) -> None:
    sizes = list(zip(*halves, strict=True))
    print("| chance | " + " | ".join(f"{size[0].passages:,} passages" for size in sizes) + " |")
    print("|---" * (1 + len(sizes)) + "|")
    for low, high in pairwise(BINS):
        cells = []
        for size in sizes:
            chances = np.concatenate([one.chances.ravel() for one in size])
            right = np.concatenate([one.right.ravel() for one in size])
            inside = (chances >= low) & (chances < high) & (chances > 0)
            cells.append(f"{inside.sum():,}: {100 * chances[inside].mean():.0f}, {100 * right[inside].mean():.0f}")
        print(f"| {100 * low:.0f} to {min(100 * high, 100):.0f} % | " + " | ".join(cells) + " |")
    cells = []
    for size in sizes:
        best = np.concatenate([one.chances[:, 0] for one in size]) < NO_GOOD_MATCH
        has_answer = np.concatenate([one.has_answer for one in size])
        cells.append(f"{100 * best[~has_answer].mean():.1f}, {100 * best[has_answer].mean():.1f}")
    print(f"| below {100 * NO_GOOD_MATCH:.0f} %: noted, wrongly | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--add", type=Path, action="append", default=[])
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--half", type=int, choices=[0, 1])
    given = parser.parse_args()
    halves = (0, 1) if given.half is None else (given.half,)
    report([measured(given.folder / str(half), given.squad, given.add, half, given.questions) for half in halves])


if __name__ == "__main__":
    main()

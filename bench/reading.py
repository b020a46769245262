"""Reading twice: what the scores of a model that reads question and passage together are worth beside the first ranking.

    python bench/reading.py read CANDIDATES.json --squad FILE [--held FOLDER_OF_TRAIN_FILES] [--questions 1000]
    python bench/reading.py read CANDIDATES.json --beir FOLDER --qrels train [--questions 1000]
    python bench/reading.py weigh CANDIDATES.json...

`read` ingests a collection, asks its questions, and reads the 20 best passages of each again; `weigh` prints nDCG@10 and
the share of right first passages for each weight, with the standard error of the difference to the first ranking. With
--held the questions are those of the articles that the recipe holds out.
"""  # noqa: E501

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wherein.evaluation.collection import read_beir
from wherein.library import Library
from wherein.search.limits import READ_AGAIN

WEIGHTS = (0.0, 0.002, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 1000.0)


@dataclass(frozen=True)
class Collection:
    """Documents by id (title and text), and questions with the ids of the documents that answer them."""

    documents: dict[str, tuple[str, str]]
    questions: list[tuple[str, set[str]]]


def squad(path: Path, held: Path | None) -> Collection:
    kept = None
    if held:
        from wherein.recipe.pairs import read_corpus

        kept = {part.text for part in read_corpus(held).held}
    documents, questions = {}, []
    for article in json.loads(path.read_bytes())["data"]:
        for part in article["paragraphs"]:
            name, text = str(len(documents)), part["context"]
            documents[name] = (article.get("title", "").replace("_", " "), text)
            if kept is None or text in kept:
                questions += [(qa["question"], {name}) for qa in part["qas"]]
    return Collection(documents, questions)


def beir(folder: Path, split: str) -> Collection:
    read = read_beir(folder, split)
    documents = dict(zip(read.ids, zip(read.titles, read.texts, strict=True), strict=True))
    right = ({name for name, grade in one.items() if grade > 0} for one in read.relevant)
    return Collection(documents, [(text, ids) for text, ids in zip(read.questions, right, strict=True) if ids])


def candidates(collection: Collection, count: int, titled: bool) -> Iterator[dict[str, object]]:
    """Yield each question with its candidates, best first: id of the document, first score, score of reading."""
    questions = random.Random(0).sample(collection.questions, min(count, len(collection.questions)))
    with tempfile.TemporaryDirectory() as work:
        source = Path(work) / "documents.jsonl"
        lines = (
            json.dumps({"id": name, "title": title, "text": text})
            for name, (title, text) in collection.documents.items()
        )
        source.write_text("\n".join(lines), "utf-8")
        with Library(Path(work) / "library") as library:
            library.ingest([source])
            reader = library._queries.session.passage_reader
            answers = library.query_many([text for text, _ in questions], READ_AGAIN)
            for (text, right), answer in zip(questions, answers, strict=True):
                rows = []
                for hit in answer.hits:
                    passage = f"{hit.title}\n{hit.text}" if titled else hit.text
                    rows.append((hit.uri.rpartition("#")[2], hit.score, reader.score(text, passage)))
                yield {"right": sorted(right), "rows": rows}


def figures(question: dict[str, object], weight: float) -> tuple[float, float]:
    """Return nDCG@10, and 1 where the first document is right."""
    right = set(question["right"])
    ranked = sorted(question["rows"], key=lambda row: -(row[1] + weight * row[2]))
    names = list(dict.fromkeys(row[0] for row in ranked))[:10]
    gain = sum(1 / np.log2(2 + at) for at, name in enumerate(names) if name in right)
    ideal = sum(1 / np.log2(2 + at) for at in range(min(10, len(right))))
    return gain / ideal, float(bool(names) and names[0] in right)


def weigh(path: Path) -> None:
    questions = json.loads(path.read_text("utf-8"))
    plain = np.array([figures(one, 0.0) for one in questions])
    print(f"{path.stem}: {len(questions)} questions; nDCG@10 {100 * plain[:, 0].mean():.2f}, top-1", end=" ")
    print(f"{100 * plain[:, 1].mean():.2f}")
    for weight in WEIGHTS[1:]:
        gains = 100 * (np.array([figures(one, weight) for one in questions]) - plain)
        errors = gains.std(axis=0, ddof=1) / np.sqrt(len(gains))
        shown = [f"{gain:+.2f} ({error:.2f})" for gain, error in zip(gains.mean(axis=0), errors, strict=True)]
        print(f"  weight {weight}: nDCG@10 {shown[0]}, top-1 {shown[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("read", "weigh"))
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--held", type=Path)
    parser.add_argument("--beir", type=Path)
    parser.add_argument("--qrels", default="train")
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--titled", action="store_true", help="read the title before each passage")
    given = parser.parse_args()
    if given.action == "weigh":
        for path in given.files:
            weigh(path)
        return
    collection = squad(given.squad, given.held) if given.squad else beir(given.beir, given.qrels)
    found = list(candidates(collection, given.questions, given.titled))
    given.files[0].write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()

"""Accuracy of vectors, BM25 and their fusion on train data: the tables of docs/decisions/fusion.md.

python bench/fusion.py MODEL_FOLDER CACHE --squad FOLDER_OF_TRAIN_FILES [--beir FOLDER] [--collection FILE] [--questions 1000]

MODEL_FOLDER is a model folder, or "default" for the shipped model. Vectors are cached in CACHE, so that later runs need
only rank. --squad asks the questions of the held-out articles over the contexts of all articles; --beir uses
qrels/train.tsv; a --collection is JSON: {"passages": [text], "questions": [text], "qrels": [[passage index]]}.
"""  # noqa: E501

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from candidates import Candidates

from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.search.fusion import Overlap, fuse, fuse_best, promising
from wherein.search.hybrid import CANDIDATES, READ
from wherein.search.top import highest
from wherein.storage.catalog.terms import terms_of

FEEDBACK = 0.2


@dataclass(frozen=True)
class Collection:
    name: str
    passages: list[str]
    questions: list[str]
    right: list[set[int]]


def squad(folder: Path) -> Collection:
    from wherein.recipe.pairs import read_corpus

    corpus = read_corpus(folder)
    asked = [(text, {n}) for n, part in enumerate(corpus.held) for text in part.questions]
    passages = [part.text for part in (*corpus.held, *corpus.contexts)]
    return Collection("SQuAD train", passages, [text for text, _ in asked], [right for _, right in asked])


def beir(folder: Path) -> Collection:
    lines = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    index_of = {line["_id"]: n for n, line in enumerate(lines)}
    asked = map(json.loads, (folder / "queries.jsonl").read_text("utf-8").splitlines())
    texts = {line["_id"]: line["text"] for line in asked}
    right: dict[str, set[int]] = {}
    for line in (folder / "qrels" / "train.tsv").read_text("utf-8").splitlines():
        question, *_, passage, relevant = line.split("\t")
        if passage in index_of and int(relevant) > 0:
            right.setdefault(question, set()).add(index_of[passage])
    passages = [f"{line['title']} {line['text']}".strip() for line in lines]
    return Collection(folder.name, passages, [texts[name] for name in right], list(right.values()))


def collection(path: Path) -> Collection:
    content = json.loads(path.read_text("utf-8"))
    return Collection(path.stem, content["passages"], content["questions"], [set(part) for part in content["qrels"]])


def scaled(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.min()) / max(np.ptp(scores), 1e-9)


def orders(question: str, dense: np.ndarray, candidates: Candidates) -> dict[str, np.ndarray]:
    scores = candidates.match(question).scores
    keyword, idf = scores.parts[0], scores.idf
    by_words = highest(keyword, CANDIDATES)
    by_words = by_words[keyword[by_words] > 0]
    found = np.union1d(highest(dense, CANDIDATES), by_words)
    near, hits, mass = dense[found].astype(np.float64), keyword[found].astype(np.float64), sum(idf.values())
    ranks = [np.argsort(np.argsort(-part, kind="stable")) for part in (near, hits)]
    nothing = [Overlap(0.0, 0.0, 0.0)] * len(found)
    fused = fuse_best(
        list(terms_of(question)), found, near, hits, idf, lambda read: map(candidates.terms, read),
        metric=candidates.encoder.model.metric, read=READ,
    )  # fmt: skip
    return {
        "vectors": highest(dense, 10),
        "BM25": by_words[:10],
        "reciprocal ranks, 10": found[highest(1 / (11 + ranks[0]) + 1 / (11 + ranks[1]), 10)],
        "min-max, 0.6 and 0.4": found[highest(0.6 * scaled(near) + 0.4 * scaled(hits), 10)],
        "cosine and BM25": found[promising(near, hits, mass, 10)],
        "fusion without overlap": found[highest(fuse(near, hits, mass, nothing), 10)],
        "fusion": found[fused.positions[:10]],
        "fusion, then with feedback": found[
            fed_back(question, found, near, hits, idf, candidates, fused.positions[:3])
        ],
    }


def fed_back(
    question: str, found: np.ndarray, near: np.ndarray, hits: np.ndarray, idf: dict[int, float],
    candidates: Candidates, top: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the order when the question's vector is first moved towards the best passages' (Rocchio 1971)."""
    vectors = candidates.vectors[found].astype(np.float64)
    drawn = near + FEEDBACK * vectors @ vectors[top].mean(axis=0)
    return fuse_best(
        list(terms_of(question)), found, drawn / np.sqrt(1 + FEEDBACK**2), hits, idf,
        lambda read: map(candidates.terms, read), metric=candidates.encoder.model.metric, read=READ,
    ).positions[:10]  # fmt: skip


def measured(found: np.ndarray, right: set[int]) -> tuple[float, float, float, float]:
    gains = np.array([index in right for index in found], dtype=float)
    discount = 1 / np.log2(np.arange(2, 12))
    first = next((n for n, gain in enumerate(gains, 1) if gain), None)
    ideal = discount[: min(len(right), 10)].sum()
    return (
        float(first == 1),
        float(first is not None and first <= 5),
        1 / first if first else 0.0,
        float(gains @ discount[: len(gains)] / ideal),
    )


def table(part: Collection, encoder: Encoder, cache: Path, limit: int) -> None:
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(part.questions))[:limit].tolist()
    candidates = Candidates(part.passages, encoder, cache=cache)
    asked = candidates.question_vectors([part.questions[number] for number in chosen])
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    for vector, number in zip(asked, chosen, strict=True):
        for name, found in orders(part.questions[number], candidates.vectors @ vector, candidates).items():
            rows.setdefault(name, []).append(measured(found, part.right[number]))
    print(f"\n{part.name}: {len(chosen)} questions, {len(part.passages)} passages\n")
    print("| | top-1 | top-5 | MRR@10 | nDCG@10 |\n|---|---|---|---|---|")
    for name, values in rows.items():
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in 100 * np.mean(values, axis=0)) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--beir", type=Path, action="append", default=[])
    parser.add_argument("--collection", type=Path, action="append", default=[])
    parser.add_argument("--questions", type=int, default=1000)
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    folder = DEFAULT_MODEL if given.model == "default" else Path(given.model)
    encoder = Encoder(load_model(folder), "w8a32", cache=given.cache)
    parts = [squad(given.squad)] if given.squad else []
    parts += [*map(beir, given.beir), *map(collection, given.collection)]
    for part in parts:
        table(part, encoder, given.cache, given.questions)


if __name__ == "__main__":
    main()

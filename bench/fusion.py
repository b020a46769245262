"""How good are vectors, BM25 and their fusion on train data? The tables of docs/decisions/fusion.md.

python bench/fusion.py MODEL_FOLDER CACHE --squad FOLDER_OF_TRAIN_FILES [--beir FOLDER] [--collection FILE] [--questions 1000]

MODEL_FOLDER holds model.json ("default": the shipped one); CACHE keeps vectors, so that a later run takes only the
ranking's time. --squad asks the questions of the held-out articles over the contexts of all articles; --beir takes
qrels/train.tsv; a --collection is JSON: {"passages": [text], "questions": [text], "qrels": [[passage number]]}.
"""  # noqa: E501

import argparse
import hashlib
import json
import re
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import Stemmer

sys.path.insert(0, str(Path(__file__).parent.parent))

from embed.encoder import Encoder
from embed.model import DEFAULT_MODEL, load_model
from search.fusion import Overlap, fuse, overlap

K1, B = 0.9, 0.75
LISTED, READ = 100, 50
STEMMER = Stemmer.Stemmer("english")


@dataclass(frozen=True)
class Collection:
    name: str
    passages: list[str]
    questions: list[str]
    right: list[set[int]]


def squad(folder: Path) -> Collection:
    from embed.recipe.pairs import read

    corpus = read(folder)
    asked = [(text, {n}) for n, part in enumerate(corpus.held) for text in part.questions]
    passages = [part.text for part in (*corpus.held, *corpus.contexts)]
    return Collection("SQuAD train", passages, [text for text, _ in asked], [right for _, right in asked])


def beir(folder: Path) -> Collection:
    lines = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    place = {line["_id"]: n for n, line in enumerate(lines)}
    asked = map(json.loads, (folder / "queries.jsonl").read_text("utf-8").splitlines())
    texts = {line["_id"]: line["text"] for line in asked}
    right: dict[str, set[int]] = {}
    for line in (folder / "qrels" / "train.tsv").read_text("utf-8").splitlines():
        question, *_, passage, relevant = line.split("\t")
        if passage in place and int(relevant) > 0:
            right.setdefault(question, set()).add(place[passage])
    passages = [f"{line['title']} {line['text']}".strip() for line in lines]
    return Collection(folder.name, passages, [texts[name] for name in right], list(right.values()))


def collection(path: Path) -> Collection:
    content = json.loads(path.read_text("utf-8"))
    return Collection(path.stem, content["passages"], content["questions"], [set(part) for part in content["qrels"]])


def words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", re.sub(r"(?<=\w)['’]s\b", "", plain))
    return STEMMER.stemWords(re.findall(r"[^\W_]+", parts.lower()))


class Bm25:
    def __init__(self, passages: list[list[str]]) -> None:
        self.count = len(passages)
        lengths = np.array([len(text) for text in passages])
        slow = K1 * (1 - B + B * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, int]]] = {}
        for place, text in enumerate(passages):
            for word, times in Counter(text).items():
                postings.setdefault(word, []).append((place, times))
        self.idf = {word: self.rarity(len(found)) for word, found in postings.items()}
        self.parts = {}
        for word, found in postings.items():
            places, times = np.array(found).T
            self.parts[word] = places, self.idf[word] * times * (K1 + 1) / (times + slow[places])

    def rarity(self, passages: int) -> float:
        return float(np.log(1 + (self.count - passages + 0.5) / (passages + 0.5)))

    def scores(self, question: set[str]) -> np.ndarray:
        scores = np.zeros(self.count)
        for word in question & self.parts.keys():
            places, parts = self.parts[word]
            scores[places] += parts
        return scores


def vectors(encoder: Encoder, texts: list[str], kind: str, cache: Path) -> np.ndarray:
    name = hashlib.sha256("\0".join([encoder.fingerprint, kind, *texts]).encode()).hexdigest()[:24]
    path = cache / f"{name}.npy"
    if not path.is_file():
        encode = encoder.encode_contexts if kind == "passages" else encoder.encode_questions
        np.save(path, encode(texts))
    return np.load(path)


def scaled(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.min()) / max(np.ptp(scores), 1e-9)


def best(scores: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(-scores, kind="stable")[:count]


def orders(question: list[str], dense: np.ndarray, index: Bm25, passages: list[list[str]]) -> dict[str, np.ndarray]:
    keyword = index.scores(set(question))
    idf = {word: index.idf.get(word, index.rarity(0)) for word in question}
    found = np.union1d(best(dense, LISTED), best(keyword, LISTED))
    near, hits, mass = dense[found], keyword[found], sum(idf.values())
    nothing = [Overlap(0.0, 0.0, 0.0)] * len(found)
    simple = near + 0.1 * hits / np.sqrt(max(mass, 1e-9))
    read = best(simple, READ)
    shared = [overlap(question, passages[found[n]], idf) for n in read]
    ranks = [np.argsort(np.argsort(-part, kind="stable")) for part in (near, hits)]
    return {
        "vectors": best(dense, 10),
        "BM25": best(keyword, 10),
        "reciprocal ranks, 10": found[best(1 / (11 + ranks[0]) + 1 / (11 + ranks[1]), 10)],
        "min-max, 0.6 and 0.4": found[best(0.6 * scaled(near) + 0.4 * scaled(hits), 10)],
        "cosine and BM25": found[best(simple, 10)],
        "fusion without overlap": found[best(fuse(near, hits, mass, nothing), 10)],
        "fusion": found[read[best(fuse(near[read], hits[read], mass, shared), 10)]],
    }


def measured(found: np.ndarray, right: set[int]) -> tuple[float, float, float, float]:
    gains = np.array([place in right for place in found], dtype=float)
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
    asked = vectors(encoder, part.questions, "questions", cache)[chosen]
    nearness = asked @ vectors(encoder, part.passages, "passages", cache).T
    passages = [words(text) for text in part.passages]
    index = Bm25(passages)
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    for dense, number in islice(zip(nearness, chosen, strict=True), limit):
        for name, found in orders(words(part.questions[number]), dense, index, passages).items():
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

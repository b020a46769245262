"""What further features of question and passage could add to the fusion, on SciFact's train claims.

python bench/signals.py SCIFACT CACHE

The 50 most promising candidates of each claim are re-scored, as in a hybrid query. Prints nDCG@10 of the fusion, of a
perfect order, of a softmax regression on the features in five-fold cross-validation, and of each single feature added
to the fusion's score with a weight chosen in cross-validation; gains with their standard errors. The results are in
docs/decisions/fusion.md.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from candidates import Candidates
from fusion import beir

from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.search.fusion import Overlap, QuestionWords, fuse, promising
from wherein.search.hybrid import CANDIDATES
from wherein.search.top import highest
from wherein.storage.catalog.terms import terms_of

READ, FOLDS = 50, 5
BASE = ("cosine", "BM25 / sqrt(mass)", "coverage", "adjacent", "near")
ADDED = (
    "best sentence", "best two sentences", "near in a sentence", "coverage by idf", "coverage by count", "rarest word",
    "logarithm of length", "title coverage", "title adjacent", "title near", "title coverage by idf", "title share",
)  # fmt: skip
GRID = (-0.2, -0.1, -0.05, -0.02, 0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_DISCOUNT = 1 / np.log2(np.arange(2, 12))
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Claim:
    """The re-scored candidates: features `[n, 17]`, the fusion's scores `[n]`, and whether each is right `[n]`."""

    features: np.ndarray
    fused: np.ndarray
    right: np.ndarray
    judged: int


def claims(folder: Path, cache: Path) -> list[Claim]:
    collection = beir(folder)
    lines = (folder / "corpus.jsonl").read_text("utf-8").splitlines()
    titles = [list(terms_of(json.loads(line)["title"])) for line in lines]
    sentences = [[list(terms_of(part)) for part in _SENTENCE.split(text) if part] for text in collection.passages]
    candidates = Candidates(collection.passages, Encoder(load_model(), "w8a32", cache=cache), cache=cache)
    found = []
    asked = zip(collection.questions, candidates.question_vectors(collection.questions), collection.right, strict=True)
    for question, vector, right in asked:
        dense = candidates.vectors @ vector
        scores = candidates.match(question).scores
        keyword, idf = scores.parts[0], scores.idf
        by_words = highest(keyword, CANDIDATES)
        both = np.union1d(highest(dense, CANDIDATES), by_words[keyword[by_words] > 0])
        mass = sum(idf.values())
        near, words = dense[both].astype(np.float64), keyword[both].astype(np.float64)
        chosen = promising(near, words, mass, READ)
        indices = both[chosen].tolist()
        order = [term for term in terms_of(question) if term in idf]
        compared = QuestionWords(order, idf)
        texts = [candidates.terms(index) for index in indices]
        shared = compared.overlaps(texts)
        rows = [
            [near[at], words[at] / np.sqrt(mass), *numbers(part),
             *added(compared, idf, order, text, sentences[index], titles[index])]
            for at, index, text, part in zip(chosen, indices, texts, shared, strict=True)
        ]  # fmt: skip
        fused = fuse(near[chosen], words[chosen], mass, shared)
        found.append(Claim(np.array(rows), fused, np.array([index in right for index in indices], float), len(right)))
    return found


def numbers(part: Overlap) -> tuple[float, float, float]:
    return part.coverage, part.adjacent, part.near


def added(
    compared: QuestionWords, idf: dict[int, float], order: Sequence[int], text: Sequence[int],
    sentences: Sequence[Sequence[int]], title: Sequence[int],
) -> list[float]:  # fmt: skip
    """Return the features that the fusion lacks, in the order of `ADDED`."""
    asked, held, named = set(order), set(text), set(title)
    total, rarest = sum(idf[term] for term in asked), max((idf[term] for term in asked), default=0.0)
    alone = compared.overlaps(sentences)
    pairs = compared.overlaps([[*a, *b] for a, b in zip(sentences, [*sentences[1:], []], strict=True)])
    return [
        max((part.coverage for part in alone), default=0.0),
        max((part.coverage for part in pairs), default=0.0),
        max((part.near for part in alone), default=0.0),
        sum(idf[term] for term in asked & held) / max(total, 1e-9),
        len(asked & held) / max(len(asked), 1),
        float(any(idf[term] == rarest for term in asked & held)),
        float(np.log(len(text) + 1)),
        *numbers(compared.overlaps([title])[0]),
        sum(idf[term] for term in asked & named) / max(total, 1e-9),
        len(asked & named) / max(len(named), 1),
    ]


def ndcg(scores: np.ndarray, claim: Claim) -> float:
    gains = claim.right[np.argsort(-scores, kind="stable")[:10]]
    return float(gains @ _DISCOUNT[: len(gains)] / _DISCOUNT[: min(claim.judged, 10)].sum())


def fit(part: Sequence[Claim], columns: slice) -> np.ndarray:
    """Return weights by listwise softmax regression (Cao et al. 2007): 400 steps of Adam, a small ridge penalty."""
    part = [claim for claim in part if claim.right.any()]
    together = np.concatenate([claim.features[:, columns] for claim in part])
    spread = together.std(axis=0) + 1e-9
    lists = [((claim.features[:, columns] - together.mean(axis=0)) / spread, claim.right) for claim in part]
    weights = first = second = np.zeros(together.shape[1])
    for step in range(1, 401):
        slope = 1e-3 * weights
        for features, right in lists:
            scores = features @ weights
            chances = np.exp(scores - scores.max())
            slope = slope + features.T @ (chances / chances.sum() - right / right.sum()) / len(lists)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        weights = weights - 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weights / spread


def report(name: str, values: np.ndarray, base: np.ndarray) -> None:
    gain = values - base
    error = gain.std() / np.sqrt(len(gain))
    print(f"| {name} | {100 * values.mean():.2f} | {100 * gain.mean():+.2f} ({100 * error:.2f}) |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scifact", type=Path)
    parser.add_argument("cache", type=Path)
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    found = claims(given.scifact, given.cache)
    rng = np.random.default_rng(0)
    fold = rng.integers(0, FOLDS, len(found))
    base = np.array([ndcg(claim.fused, claim) for claim in found])
    print("| | nDCG@10 | gain (standard error) |\n|---|---|---|")
    report("fusion", base, base)
    report("a perfect order", np.array([ndcg(claim.right, claim) for claim in found]), base)
    for name, columns in (("regression, all", slice(None)), ("regression, the fusion's own", slice(0, len(BASE)))):
        values = np.empty(len(found))
        for number in range(FOLDS):
            weights = fit([claim for claim, at in zip(found, fold, strict=True) if at != number], columns)
            for at in np.flatnonzero(fold == number):
                values[at] = ndcg(found[at].features[:, columns] @ weights, found[at])
        report(name, values, base)
    for column, name in enumerate(ADDED, len(BASE)):
        tried = np.array([[ndcg(c.fused + weight * c.features[:, column], c) for c in found] for weight in GRID])
        values = np.empty(len(found))
        for number in range(FOLDS):
            values[fold == number] = tried[tried[:, fold != number].mean(axis=1).argmax()][fold == number]
        report(f"+ {name}", values, base)
    means = base[rng.choice(len(base), (2_000, 300))].mean(axis=1)
    print(f"\nStandard error of 300 claims: {100 * means.std():.2f}")


if __name__ == "__main__":
    main()

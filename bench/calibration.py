"""Fit the chance that a hit is the answer: all numbers of search/calibration.py, and how well they predict.

python bench/calibration.py SQUAD_TRAIN SCIFACT CACHE

Asks questions of SQuAD train's held-out articles (recipe/pairs.py) and SciFact's train claims, each in several
libraries with and without the passages that answer it. A hit is right if it is labeled so. The two collections have
equal parts in the fit, and within each of them its settings. Nothing else chooses a number, and SQuAD dev must not.
Prints the weights for the shipped model and for others, the threshold of "no good match" for each, and tables.

Vectors are cached in CACHE. Needs the extra `evaluate` (SciPy).
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
from candidates import Candidates
from fusion import beir
from scipy.optimize import minimize

from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.recipe.pairs import read_corpus
from wherein.search.calibration import Features, Weights, features
from wherein.search.fusion import fuse_best
from wherein.search.hybrid import CANDIDATES, READ
from wherein.search.keyword import match, rank_by_score
from wherein.search.query_syntax import parse_question
from wherein.search.top import highest
from wherein.search.trust import BY_WORDS, agreement, spread_factor, trust_in_meaning
from wherein.storage.index.keyword_index import KeywordIndex, Part

QUESTIONS, CLAIMS, OTHER_CONTEXTS, SEED = 600, 400, 800, 0
SHOWN, SAMPLE, RIDGE, SAME = 5, 500, 1e-3, 1e-9
WITHOUT = " without"
"""Ends the name of a setting in which no passage answers the question."""
NOTED = 0.8
"""The share of the questions without an answer that are to be noted as "no good match"."""

SHIPPED = ("cosine", "coverage", "lead", "long_lead", "size", "asks")
OTHERS = ("deviations", *SHIPPED[1:])
THRESHOLDS = (0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2)
BINS = (0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1)

Mask = np.ndarray
Chosen = TypeVar("Chosen")


@dataclass(frozen=True)
class Asked:
    """A question, the passages that answer it, and which of all passages are in the library `[n]`."""

    text: str
    right: set[int]
    library: Mask


@dataclass(frozen=True)
class Answer:
    """The features of the best hit; of each that is shown by how much its score is lower, and whether it is right."""

    features: Features
    lower: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Setting:
    """The answers to a collection's questions whose passages are in the library, or none of them."""

    collection: str
    name: str
    answers: list[Answer]

    @property
    def is_answerable(self) -> bool:
        return not self.name.endswith(WITHOUT)

    @property
    def rows(self) -> np.ndarray:
        """The features of each question's best hit `[n, 7]`."""
        return np.array([answer.features for answer in self.answers])

    @property
    def lower(self) -> np.ndarray:
        """By how much the scores of the hits are lower than the best `[n, SHOWN]`."""
        return np.array([answer.lower for answer in self.answers])

    @property
    def right(self) -> np.ndarray:
        """1 for each hit that is right, else 0 `[n, SHOWN]`."""
        return np.array([answer.right for answer in self.answers], np.float64)


def parts_of(settings: Sequence[Setting]) -> np.ndarray:
    """Return each question's part: collections have equal parts, within each its settings, within these questions."""
    count = Counter(setting.collection for setting in settings)
    parts = [np.full(len(one.answers), 1 / count[one.collection] / len(one.answers)) for one in settings]
    return np.concatenate(parts) / len(count)


def answer(asked: Asked, vector: np.ndarray, candidates: Candidates) -> Answer:
    """Rank the library's passages as `search.hybrid.Ranker` does."""
    matches = match(_index_of(candidates, asked.library), parse_question(asked.text, operators=False))
    here, dense = np.flatnonzero(asked.library), (candidates.vectors @ vector).astype(np.float64)
    by_words = rank_by_score(matches, CANDIDATES)
    ids = np.union1d(here[highest(dense[here], CANDIDATES)], by_words)
    background = dense[here[np.linspace(0, len(here) - 1, min(SAMPLE, len(here))).astype(np.int64)]]
    known = candidates.encoder.tokenizer.question(asked.text).characters_per_token
    fused = fuse_best(
        matches.question.order, ids, spread_factor(background) * dense[ids],
        matches.scores.parts[0][ids].astype(np.float64), matches.scores.idf,
        lambda read: map(candidates.terms, read), metric="cosine", read=READ,
        trust=trust_in_meaning(agreement(dense[by_words[:BY_WORDS]], background), known),
    )  # fmt: skip
    best = ids[fused.positions]
    own = features(fused, dense[best], background, len(here), asked.text)
    return Answer(own, fused.scores[0] - fused.scores[:SHOWN], np.isin(best[:SHOWN], list(asked.right)))


def _index_of(candidates: Candidates, library: Mask) -> KeywordIndex:
    whole, other = candidates.keywords.parts
    lengths = whole.postings.lengths[library]
    return KeywordIndex(0, None, (Part(whole.postings, library), other), len(lengths), int(lengths.sum(dtype=np.int64)))


def collections(squad: Path, scifact: Path) -> tuple[list[str], dict[str, dict[str, list[Asked]]]]:
    """Return all passages, and the questions by collection and setting; " without": no passage answers them."""
    corpus, claims = read_corpus(squad), beir(scifact)
    parts = [*corpus.held, *corpus.contexts]
    passages = [*(part.text for part in parts), *claims.passages]
    is_squad = np.arange(len(passages)) < len(parts)
    articles = np.array([*(part.article for part in parts), *("" for _ in claims.passages)])
    asked = [(text, n) for n, part in enumerate(corpus.held) for text in part.questions]
    judged = [(text, {len(parts) + n for n in right})
              for text, right in zip(claims.questions, claims.right, strict=True)]  # fmt: skip
    return passages, {
        "SQuAD": squad_settings(_some(asked, QUESTIONS), articles, is_squad, len(corpus.held)),
        "SciFact": scifact_settings(_some(judged, CLAIMS), is_squad),
    }


def _some(asked: Sequence[Chosen], count: int) -> list[Chosen]:
    return [asked[n] for n in np.random.default_rng(SEED).permutation(len(asked))[:count]]


def squad_settings(
    asked: Sequence[tuple[str, int]], articles: np.ndarray, is_squad: Mask, held: int
) -> dict[str, list[Asked]]:
    """Four libraries with the question's article and without: three articles, 1,000 passages, all, and with SciFact."""
    titles = sorted(set(articles[:held]))
    some = np.arange(len(articles)) < held
    some[np.random.default_rng(SEED).choice(np.arange(held, is_squad.sum()), OTHER_CONTEXTS, replace=False)] = True
    settings: dict[str, list[Asked]] = {}
    for text, n in asked:
        own, at = articles == articles[n], titles.index(articles[n])
        near, far = (
            np.isin(articles, [titles[(at + step) % len(titles)] for step in steps]) for steps in ((0, 1, 2), (3, 4, 5))
        )
        for name, with_own, without in (
            ("three articles", near, far),
            ("1,000 passages", some, some & ~own),
            ("all contexts", is_squad, is_squad & ~own),
            ("with SciFact", np.full(len(articles), True), ~own),
        ):
            settings.setdefault(name, []).append(Asked(text, {n}, with_own))
            settings.setdefault(name + WITHOUT, []).append(Asked(text, {n}, without))
    return settings


def scifact_settings(asked: Sequence[tuple[str, set[int]]], is_squad: Mask) -> dict[str, list[Asked]]:
    """The abstracts with those that judge the claim and without, and SQuAD's contexts."""
    settings: dict[str, list[Asked]] = {"abstracts": [], "abstracts without": [], "SQuAD without": []}
    for text, right in asked:
        others = ~is_squad
        others[list(right)] = False
        for name, library in zip(settings, (~is_squad, others, is_squad), strict=True):
            settings[name].append(Asked(text, right, library))
    return settings


def measured(asked: dict[str, dict[str, list[Asked]]], candidates: Candidates) -> Iterator[Setting]:
    """Ask every question."""
    for collection, settings in asked.items():
        for name, questions in settings.items():
            vectors = candidates.question_vectors([one.text for one in questions])
            answers = [answer(*pair, candidates) for pair in zip(questions, vectors, strict=True)]
            yield Setting(collection, name, answers)


def fitted(settings: Sequence[Setting], names: Sequence[str]) -> Weights:
    """Return the weights of the features in `names`, 0 for the others; then, given these, `below` and `step`."""
    columns = [Features._fields.index(name) for name in names]
    rows = np.concatenate([setting.rows[:, columns] for setting in settings])
    right = np.concatenate([setting.right for setting in settings])
    lower = np.concatenate([setting.lower[:, 1:] for setting in settings])
    parts, mean, deviation = parts_of(settings), rows.mean(axis=0), rows.std(axis=0)
    inputs = np.column_stack([np.ones(len(rows)), (rows - mean) / deviation])
    intercept, *scaled = _regression(inputs, right[:, 0], parts, np.zeros(len(rows)), RIDGE).tolist()
    values = (scaled / deviation).round(2)
    intercept = round(intercept - float((scaled / deviation) @ mean), 2)
    later = SHOWN - 1
    inputs = -np.column_stack([lower.ravel(), lower.ravel() > SAME])
    best = np.repeat(intercept + rows @ values, later)
    below, step = _regression(inputs, right[:, 1:].ravel(), np.repeat(parts, later), best, 0).tolist()
    found = dict.fromkeys(Features._fields, 0.0) | dict(zip(names, values.tolist(), strict=True))
    return Weights(intercept, Features(**found), round(below, 1), round(step, 2))


def _regression(
    inputs: np.ndarray, right: np.ndarray, parts: np.ndarray, offset: np.ndarray, ridge: float
) -> np.ndarray:
    """Return the weights of a logistic regression; the first of them has no penalty."""
    penalty = np.array([0.0, *[ridge] * (inputs.shape[1] - 1)])

    def cost(values: np.ndarray) -> tuple[float, np.ndarray]:
        logits = offset + inputs @ values
        losses = parts * (np.logaddexp(0, logits) - right * logits)
        wrong = parts * (1 / (1 + np.exp(-logits)) - right)
        return float(losses.sum() + penalty @ values**2), inputs.T @ wrong + 2 * penalty * values

    return np.asarray(minimize(cost, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", tol=1e-12).x)


def chances(weights: Weights, setting: Setting) -> np.ndarray:
    """Return the chances of the hits that are shown `[n, SHOWN]`, as `search.calibration.chances_of` does."""
    best = weights.intercept + setting.rows @ np.array(weights.features)
    logits = best[:, None] - weights.below * setting.lower - weights.step * (setting.lower > SAME)
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))


def threshold(weights: Weights, settings: Sequence[Setting]) -> float:
    """Return below which chance, rounded, NOTED of the best hits are, over all settings without an answer."""
    without = [setting for setting in settings if not setting.is_answerable]
    every, parts = np.concatenate([chances(weights, setting)[:, 0] for setting in without]), parts_of(without)
    order = np.argsort(every)
    return round(float(every[order][np.searchsorted(np.cumsum(parts[order]), NOTED)]), 2)


def loss(weights: Weights, settings: Sequence[Setting]) -> float:
    """Return the mean logarithmic loss of the best hit's chance."""
    best = np.concatenate([chances(weights, setting)[:, 0] for setting in settings])
    right = np.concatenate([setting.right[:, 0] for setting in settings])
    return float(-np.log(np.where(right > 0, best, 1 - best)) @ parts_of(settings))


def report(weights: Weights, settings: Sequence[Setting]) -> None:
    """Print how many best hits are right and how many are below each threshold, and how reliable the chances are."""
    found = [chances(weights, setting) for setting in settings]
    every, right = np.concatenate(found), np.concatenate([setting.right for setting in settings])
    print("| setting | right | mean chance | " + " | ".join(f"below {100 * one:.0f} %" for one in THRESHOLDS) + " |")
    print("|---" * (3 + len(THRESHOLDS)) + "|")
    for setting, own in zip(settings, found, strict=True):
        shares = [setting.right[:, 0].mean(), own[:, 0].mean(), *((own[:, 0] < one).mean() for one in THRESHOLDS)]
        cells = " | ".join(f"{100 * share:.1f}" for share in shares)
        print(f"| {setting.collection}: {setting.name} | {cells} |")
    print("\n| chance | hits | mean chance | right |\n|---|---|---|---|")
    for low, high in pairwise(BINS):
        inside = (every >= low) & (every < high)
        mean, share = 100 * every[inside].mean(), 100 * right[inside].mean()
        print(f"| {100 * low:.0f} to {100 * high:.0f} % | {inside.sum():,} | {mean:.1f} | {share:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("scifact", type=Path)
    parser.add_argument("cache", type=Path)
    given = parser.parse_args()
    passages, asked = collections(given.squad, given.scifact)
    encoder = Encoder(load_model(), "w8a8")
    candidates = Candidates(
        passages, encoder, cache=given.cache, report=lambda line: print(line, end="\r", file=sys.stderr)
    )
    settings = list(measured(asked, candidates))
    for name, names in (("shipped model", SHIPPED), ("others", OTHERS)):
        print(f"\n| features for {name} | loss |\n|---|---|")
        for count in range(2, len(names) + 1):
            weights = fitted(settings, names[:count])
            print(f"| {', '.join(names[:count])} | {loss(weights, settings):.3f} |")
        print(f"\n{name}: {weights}\nno good match below {threshold(weights, settings)}\n")
        report(weights, settings)


if __name__ == "__main__":
    main()

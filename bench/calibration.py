"""Fit the chance that a hit is the answer (search/calibration.py), and print the weights and how well they predict.

python bench/calibration.py --squad SQUAD_TRAIN --beir SCIFACT [--questions 300] [--model default] [--cache FOLDER]

Questions of the held-out articles (recipe/pairs.py) are asked of four libraries: all articles; all but the question's
own; three articles with its own; three without it. SciFact's train claims are asked with and without the abstracts that
judge them. A best hit is right if it answers the question. All six settings have equal weight; the figures are measured
on the half of the questions that was not used for the fit. Needs the extra `evaluate` (SciPy).
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parent))

from candidates import Candidates
from fusion import beir

from wherein.embed.encoder import Encoder
from wherein.embed.models.installed import find_model, models_folder
from wherein.recipe.pairs import read_corpus
from wherein.search.calibration import features
from wherein.search.fusion import fuse_best
from wherein.search.hybrid import CANDIDATES, READ
from wherein.search.top import highest
from wherein.storage.catalog.terms import terms_of

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
SAMPLE, RIDGE = 500, 1e-3


@dataclass(frozen=True)
class Asked:
    """A question, the indices of the texts that answer it, and of those that are in the library."""

    question: str
    right: set[int]
    present: np.ndarray


def best_hit(asked: Asked, vector: np.ndarray, candidates: Candidates) -> tuple[np.ndarray, bool]:
    """Return the features of the best hit among the library's texts, and whether it is right."""
    dense = (candidates.vectors @ vector).astype(np.float64)
    scores = candidates.match(asked.question).scores
    words = scores.parts[0]
    here = asked.present
    indices = here[np.unique(np.concatenate([highest(dense[here], CANDIDATES), highest(words[here], CANDIDATES)]))]
    fused = fuse_best(
        list(terms_of(asked.question)), indices, dense[indices], words[indices].astype(np.float64), scores.idf,
        lambda read: map(candidates.terms, read), metric="cosine", read=READ,
    )  # fmt: skip
    top = int(indices[fused.positions[0]])
    background = dense[here[:: max(1, len(here) // SAMPLE)]]
    found = features(fused, dense[indices][fused.positions], background, len(here))
    return np.array(found), top in asked.right


def squad(folder: Path, count: int) -> tuple[list[str], dict[str, list[Asked]]]:
    """Return the contexts, and the questions of the held-out articles in four settings."""
    corpus = read_corpus(folder)
    parts = [*corpus.held, *corpus.contexts]
    articles = np.array([part.article for part in parts])
    titles = sorted({part.article for part in corpus.held})
    asked = [(text, n) for n, part in enumerate(corpus.held) for text in part.questions]
    chosen = [asked[n] for n in np.random.default_rng(0).permutation(len(asked))[:count]]
    everything = np.arange(len(parts))
    settings: dict[str, list[Asked]] = {name: [] for name in ("all", "all but its own", "three", "three others")}
    for text, n in chosen:
        own = articles[n]
        at = titles.index(own)
        near, far = ([titles[(at + step) % len(titles)] for step in steps] for steps in ((0, 1, 2), (3, 4, 5)))
        settings["all"].append(Asked(text, {n}, everything))
        settings["all but its own"].append(Asked(text, {n}, np.flatnonzero(articles != own)))
        settings["three"].append(Asked(text, {n}, np.flatnonzero(np.isin(articles, near))))
        settings["three others"].append(Asked(text, {n}, np.flatnonzero(np.isin(articles, far))))
    return [part.text for part in parts], settings


def scifact(folder: Path, count: int) -> tuple[list[str], dict[str, list[Asked]]]:
    """Return the abstracts, and the train claims with and without the abstracts that judge them."""
    part = beir(folder)
    everything = np.arange(len(part.passages))
    chosen = np.random.default_rng(0).permutation(len(part.questions))[:count].tolist()
    asked = [(part.questions[n], part.right[n]) for n in chosen]
    return part.passages, {
        "claims": [Asked(text, right, everything) for text, right in asked],
        "claims without": [Asked(text, right, np.setdiff1d(everything, sorted(right))) for text, right in asked],
    }


def measured(texts: list[str], settings: dict[str, list[Asked]], encoder: Encoder, cache: Path) -> Iterator[tuple]:
    candidates = Candidates(texts, encoder, cache=cache, report=lambda line: print(line, end="\r", file=sys.stderr))
    for name, asked in settings.items():
        vectors = candidates.question_vectors([one.question for one in asked])
        rows, right = zip(*(best_hit(*pair, candidates) for pair in zip(asked, vectors, strict=True)), strict=True)
        yield name, np.array(rows), np.array(right, dtype=np.float64)


def fitted(rows: np.ndarray, right: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return intercept and weights of a logistic regression; none below 0 but the last, that of the library's size."""
    inputs = np.column_stack([np.ones(len(rows)), rows])

    def cost(values: np.ndarray) -> float:
        logit = inputs @ values
        return float((weight * (np.logaddexp(0, logit) - right * logit)).sum() / weight.sum() + RIDGE * values @ values)

    bounds = [(None, None), *[(0, None)] * (rows.shape[1] - 1), (None, None)]
    return np.asarray(minimize(cost, np.zeros(inputs.shape[1]), method="L-BFGS-B", bounds=bounds).x)


def area(scores: np.ndarray, right: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    order = np.argsort(np.argsort(scores))
    many, few = right.sum(), len(right) - right.sum()
    return float((order[right > 0].sum() - many * (many - 1) / 2) / (many * few)) if many and few else math.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--beir", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--model", default="default")
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    encoder = Encoder(find_model(chosen.model, models_folder()), "w8a8")
    parts = [found for made in (squad(chosen.squad, chosen.questions), scifact(chosen.beir, chosen.questions))
             for found in measured(*made, encoder, chosen.cache)]  # fmt: skip
    half = [(name, rows[::2], right[::2]) for name, rows, right in parts]
    rest = [(name, rows[1::2], right[1::2]) for name, rows, right in parts]
    weight = np.concatenate([np.full(len(right), 1 / len(right)) for _, _, right in half])
    values = fitted(
        np.concatenate([rows for _, rows, _ in half]), np.concatenate([right for *_, right in half]), weight
    )
    print("intercept and weights:", values.round(2).tolist())
    chances = [1 / (1 + np.exp(-(values[0] + rows @ values[1:]))) for _, rows, _ in rest]
    predicted, actual = np.concatenate(chances), np.concatenate([right for *_, right in rest])
    print(f"area under the ROC curve {area(predicted, actual):.3f}")
    print("| setting | right | mean chance | " + " | ".join(f"≥ {least}" for least in THRESHOLDS) + " |")
    print("|---" * (3 + len(THRESHOLDS)) + "|")
    for (name, _, right), chance in zip(rest, chances, strict=True):
        kept = " | ".join(f"{100 * float((chance >= least).mean()):.1f}" for least in THRESHOLDS)
        print(f"| {name} | {100 * right.mean():.1f} | {100 * chance.mean():.1f} | {kept} |")
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (predicted >= low) & (predicted < high)
        share = 100 * float(actual[inside].mean())
        print(f"chance {low} to {min(high, 1)}: {inside.sum()} hits, {share:.1f} % right")


if __name__ == "__main__":
    main()

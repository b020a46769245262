"""From the base weights to the shipped ones: train more than once, average, and mix with the base weights."""

import dataclasses
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from wherein.recipe import averaging, batches, pairs, training
from wherein.recipe.holdout import Figures
from wherein.recipe.pairs import Corpus
from wherein.recipe.plan import Plan

# The number of trainings to average. They differ in seed and so in batches; the mean drops most of what a single one
# learns by chance, which helps on the task and on other texts (Wortsman et al. 2022, "Model soups").
RUNS = 2

Tensors = dict[str, Tensor]


def record(corpus: Corpus, plan: Plan, figures: dict[float, Figures]) -> dict[str, Any]:
    """Return the record of the training for model.json; `steps` are those of one run."""
    return {
        "data": dict(pairs.FILES),
        "contexts": len(corpus.contexts),
        "sentences": len(corpus.sentences),
        "questions": sum(len(part.questions) for part in (*corpus.contexts, *corpus.sentences)),
        "held_out_articles": sorted({part.article for part in corpus.held}),
        "runs": RUNS,
        "steps": plan.epochs * batches.steps_per_epoch(corpus, plan.shape),
        "plan": dataclasses.asdict(plan),
        "tuned_weights": averaging.SHARE,
        "held_out": {f"{share:.2f}": dataclasses.asdict(figure) for share, figure in figures.items()},
        "torch": version("torch"),
    }


def train_all(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path) -> Tensors:
    """Return the mean of all runs; stopped ones resume from their checkpoints in `work`."""
    plans = [dataclasses.replace(plan, seed=plan.seed + number) for number in range(RUNS)]
    return averaging.mean([training.tune(corpus, words, base, one, work) for one in plans])


def tune(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path) -> tuple[Tensors, dict[str, Any]]:
    """Return the weights to ship and their record."""
    end = train_all(corpus, words, base, plan, work)
    figures = averaging.curve(base, end, words, corpus.held)
    return averaging.blend(base, end, averaging.SHARE), record(corpus, plan, figures)

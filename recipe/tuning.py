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

# So many trainings that differ in their seed, and so in their batches, are averaged: what one of them learnt by chance
# mostly goes, which helps on the task and on other texts (Wortsman et al. 2022, "Model soups").
RUNS = 2

Tensors = dict[str, Tensor]


def record(corpus: Corpus, plan: Plan, figures: dict[float, Figures]) -> dict[str, Any]:
    """What model.json tells of the training; `steps` are those of one run."""
    return {
        "data": dict(pairs.FILES),
        "contexts": len(corpus.contexts),
        "sentences": len(corpus.sentences),
        "questions": sum(len(part.questions) for part in (*corpus.contexts, *corpus.sentences)),
        "held_out_articles": sorted({part.article for part in corpus.held}),
        "runs": RUNS,
        "steps": plan.epochs * batches.steps(corpus, plan.shape),
        "plan": dataclasses.asdict(plan),
        "tuned_weights": averaging.SHARE,
        "held_out": {f"{share:.2f}": dataclasses.asdict(figure) for share, figure in figures.items()},
        "torch": version("torch"),
    }


def trained(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path) -> Tensors:
    """The mean of all runs. Those that were stopped go on from what they left in `work`."""
    plans = [dataclasses.replace(plan, seed=plan.seed + number) for number in range(RUNS)]
    return averaging.mean([training.tuned(corpus, words, base, one, work) for one in plans])


def tuned(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path) -> tuple[Tensors, dict[str, Any]]:
    """The weights to ship and their record."""
    end = trained(corpus, words, base, plan, work)
    figures = averaging.curve(base, end, words, corpus.held)
    return averaging.blended(base, end, averaging.SHARE), record(corpus, plan, figures)

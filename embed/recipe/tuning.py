"""From the base weights to the shipped ones: train, then choose how much of it to take; and the record of both."""

import dataclasses
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from embed.recipe import averaging, batches, pairs, training
from embed.recipe.holdout import Figures
from embed.recipe.pairs import Corpus
from embed.recipe.plan import Plan

Tensors = dict[str, Tensor]


def record(corpus: Corpus, plan: Plan, weight: float, figures: dict[float, Figures]) -> dict[str, Any]:
    """What model.json tells of the training."""
    return {
        "data": dict(pairs.FILES),
        "contexts": len(corpus.contexts),
        "sentences": len(corpus.sentences),
        "questions": sum(len(part.questions) for part in (*corpus.contexts, *corpus.sentences)),
        "held_out_articles": sorted({part.article for part in corpus.held}),
        "steps": plan.epochs * batches.steps(corpus, plan.shape),
        "plan": dataclasses.asdict(plan),
        "tuned_weights": weight,
        "held_out": {f"{share:.1f}": dataclasses.asdict(figure) for share, figure in figures.items()},
        "torch": version("torch"),
    }


def tuned(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path) -> tuple[Tensors, dict[str, Any]]:
    """The weights to ship and their record. A run that was stopped goes on from what it left in `work`."""
    end = training.tuned(corpus, words, base, plan, work)
    figures = averaging.curve(base, end, words, corpus.held)
    weight = averaging.chosen(figures)
    print(f"taking {weight:.1f} of the tuned weights", flush=True)
    return averaging.blended(base, end, weight), record(corpus, plan, weight, figures)

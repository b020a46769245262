"""Between the unmodified and the tuned weights: as much of the tuning as the held-out articles ask for.

The mean of two sets of weights that grew from one keeps most of what both can do. The dev split and SciFact have no
say in how much of each is taken, or they could not be reported on.
"""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from embed.recipe import holdout
from embed.recipe.holdout import Figures
from embed.recipe.pairs import Passage

WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# The rule: the smallest weight that has this much of the best one's gain in MRR. What is left of the gain is small
# beside the noise of some thousand questions, and each step towards the unmodified weights keeps general skill.
ENOUGH = 0.95

Tensors = dict[str, Tensor]


def mean(ends: Sequence[Tensors]) -> Tensors:
    """The mean of the weights in which some trainings from one beginning ended."""
    return {name: torch.stack([end[name] for end in ends]).mean(0) for name in ends[0]}


def blended(original: Tensors, tuned: Tensors, weight: float) -> Tensors:
    """`weight` of the tuned and the rest of the original weights; exactly one of them at 0 and at 1."""
    return {name: torch.lerp(original[name], tuned[name], weight) for name in tuned}


def curve(original: Tensors, tuned: Tensors, words: Tokenizer, held: Sequence[Passage]) -> dict[float, Figures]:
    """The figures of each weight, and of the unmodified weights as weight 0."""
    questions, _ = holdout.encoded(original, words, held)
    found = {}
    for weight in (0.0, *WEIGHTS):
        found[weight] = holdout.figures(blended(original, tuned, weight), questions, words, held)
        print(f"{weight:.1f} of the tuned weights: {found[weight]}", flush=True)
    return found


def chosen(figures: dict[float, Figures]) -> float:
    """The weight by the rule above; 0 where no weight is better than the unmodified ones."""
    start = figures[0.0].mrr
    best = max(figure.mrr for figure in figures.values())
    return min(weight for weight, figure in figures.items() if figure.mrr >= start + ENOUGH * (best - start))

"""Between the unmodified and the tuned weights: most of the tuning, and nearly all of the general skill.

The mean of two sets of weights that grew from one keeps most of what both can do. SQuAD's dev split and SciFact's test
questions have no say in how much of each is taken, or they could not be reported on.
"""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from wherein.recipe import holdout
from wherein.recipe.holdout import Figures
from wherein.recipe.pairs import Passage

WEIGHTS = (0.7, 0.8, 0.85, 0.9, 1.0)
# What is taken. The held-out articles gain up to 1. SciFact's train questions (nDCG@10 66.01 with the base weights)
# lose nothing at 0.8 (66.03) and 0.2 at 0.9 (65.79); `bench/averaging.py` measured them.
SHARE = 0.85

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
        print(f"{weight:.2f} of the tuned weights: {found[weight]}", flush=True)
    return found

"""Interpolate between the unmodified and the tuned weights: most of the tuning, and nearly all of the general skill.

The mean of two sets of weights with a common origin keeps most of the skills of both (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"). The share was chosen without SQuAD's dev split and SciFact's test questions, because
results are reported on them.
"""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from wherein.recipe import holdout
from wherein.recipe.holdout import Figures
from wherein.recipe.pairs import Passage

SHARES = (0.7, 0.8, 0.85, 0.9, 1.0)
# The share of the tuned weights in the shipped model. The held-out articles gain up to 1. SciFact's train questions
# (nDCG@10 66.01 with the base weights) lose nothing at 0.8 (66.03) and 0.2 at 0.9 (65.79): `bench/averaging.py`.
SHARE = 0.85

Tensors = dict[str, Tensor]


def mean(ends: Sequence[Tensors]) -> Tensors:
    """Return the mean of the final weights of several trainings that started from the same weights."""
    # In float64, so that the mean of equal weights is exactly these: models share the word vectors, which stay fixed.
    return {name: torch.stack([end[name] for end in ends]).double().mean(0).float() for name in ends[0]}


def blend(original: Tensors, tuned: Tensors, share: float) -> Tensors:
    """Return `share` of the tuned plus 1 - `share` of the original weights; exactly one of them at 0 and at 1."""
    return {name: torch.lerp(original[name], tuned[name], share) for name in tuned}


def curve(original: Tensors, tuned: Tensors, words: Tokenizer, held: Sequence[Passage]) -> dict[float, Figures]:
    """Return the figures of each share, with the unmodified weights as share 0."""
    questions, _ = holdout.encode(original, words, held)
    figures = {}
    for share in (0.0, *SHARES):
        figures[share] = holdout.figures(blend(original, tuned, share), questions, words, held)
        print(f"{share:.2f} of the tuned weights: {figures[share]}", flush=True)
    return figures

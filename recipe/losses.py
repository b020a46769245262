"""What the training makes small."""

import torch
from torch import Tensor
from torch.nn import functional


def contrast(scores: Tensor, positive: Tensor) -> Tensor:
    """InfoNCE with several right answers: the mean over all of them of -log p(it, rather than a wrong one).

    `scores` float32 [rows, columns], already divided by the temperature; `positive` bool, the same shape. The other
    right answers of a row are neither for nor against this one.
    """
    wrong = scores.masked_fill(positive, -torch.inf).logsumexp(1, keepdim=True)
    return functional.softplus(wrong - scores)[positive].mean()


def strayed(vectors: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared change of the similarities among texts of one kind. Two float32 [texts, 384] of unit length.

    Only within one kind, because how questions lie to passages is what the training is to change.
    """
    return (vectors @ vectors.T - teacher @ teacher.T).square().mean()

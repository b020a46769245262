"""The losses of the training."""

import torch
from torch import Tensor
from torch.nn import functional


def contrast(scores: Tensor, positive: Tensor) -> Tensor:
    """Return InfoNCE with several positives: the mean over all of them of -log p(positive | it and the negatives).

    `scores`, float32 [rows, columns], are already divided by the temperature; `positive` is bool of the same shape. The
    other positives of a row are left out of the sum.
    """
    wrong = scores.masked_fill(positive, -torch.inf).logsumexp(1, keepdim=True)
    return functional.softplus(wrong - scores)[positive].mean()


def drift(vectors: Tensor, teacher: Tensor) -> Tensor:
    """Return the mean squared change of the similarities among texts of one kind, questions or passages.

    Both arguments are float32 [texts, 384] of unit length. Similarities between questions and passages do not count:
    the training is to change them.
    """
    return (vectors @ vectors.T - teacher @ teacher.T).square().mean()

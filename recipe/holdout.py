"""Measure weights on the held-out articles, and how close they are to the unmodified ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer
from torch import Tensor

from wherein.recipe import body, evaluate, samples, vectors
from wherein.recipe.pairs import Passage
from wherein.recipe.vectors import Vectors

NEAREST = 10


@dataclass(frozen=True)
class Figures:
    """Figures on the held-out articles; each of their contexts is a candidate for each of their questions.

    `top_5` is the percentage of questions whose context is among the first five; `mrr` is the mean reciprocal rank of
    the right context, times 100. `agreement` stands for general skill: the percentage of each question's ten nearest
    questions that are the same with the unmodified weights.
    """

    top_5: float
    mrr: float
    agreement: float


def nearest(rows: Vectors) -> Vectors:
    """Return each row's nearest other rows of [rows, 384]: bool [rows, rows], with `NEAREST` True in each row."""
    scores = rows @ rows.T
    np.fill_diagonal(scores, -np.inf)
    is_near = np.zeros(scores.shape, np.bool_)
    np.put_along_axis(is_near, np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST], True, axis=1)
    return is_near


def agreement(one: Vectors, other: Vectors) -> float:
    """Return the percentage of nearest rows that both have in common."""
    return round(100 * float((nearest(one) & nearest(other)).sum(axis=1).mean()) / min(NEAREST, len(one) - 1), 2)


def encode(tensors: dict[str, Tensor], words: Tokenizer, held: Sequence[Passage]) -> tuple[Vectors, Vectors]:
    """Return the vectors of all questions, passage by passage, and of the passages."""
    network = body.build(tensors)
    questions = [samples.token_ids(words, text, samples.QUESTION_TOKENS) for part in held for text in part.questions]
    texts = [samples.token_ids(words, part.text, samples.CONTEXT_TOKENS) for part in held]
    return vectors.encode_frozen(network, questions), vectors.encode_frozen(network, texts)


def figures(tensors: dict[str, Tensor], original: Vectors, words: Tokenizer, held: Sequence[Passage]) -> Figures:
    """Return the figures of `tensors`; `original` are the questions' vectors with the unmodified weights."""
    questions, texts = encode(tensors, words, held)
    right = np.repeat(np.arange(len(held)), [len(part.questions) for part in held])
    ranks = evaluate.ranks(questions, texts, right)
    return Figures(
        top_5=round(100 * float((ranks < 5).mean()), 2),
        mrr=round(100 * float((1 / (1 + ranks)).mean()), 2),
        agreement=agreement(questions, original),
    )

"""How good are weights on the articles that were held out, and how near to the unmodified ones?"""

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
    """On the held-out articles, every one of their contexts a candidate for each of their questions.

    `top_5` is the percentage of questions with the right context among the first five, `mrr` the mean of one over the
    right context's place, times 100. `agreement` is what general skill is judged by: the percentage of each
    question's ten nearest questions that are the same with the unmodified weights.
    """

    top_5: float
    mrr: float
    agreement: float


def nearest(rows: Vectors) -> Vectors:
    """For each row of [rows, 384] its nearest others: bool [rows, rows], `NEAREST` of each row True."""
    scores = rows @ rows.T
    np.fill_diagonal(scores, -np.inf)
    chosen = np.zeros(scores.shape, np.bool_)
    np.put_along_axis(chosen, np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST], True, axis=1)
    return chosen


def agreement(one: Vectors, other: Vectors) -> float:
    """The share of nearest rows that both have in common, in percent."""
    return round(100 * float((nearest(one) & nearest(other)).sum(axis=1).mean()) / min(NEAREST, len(one) - 1), 2)


def encoded(tensors: dict[str, Tensor], words: Tokenizer, held: Sequence[Passage]) -> tuple[Vectors, Vectors]:
    """The vectors of all questions, passage by passage, and of the passages."""
    network = body.build(tensors)
    asked = [samples.token_ids(words, text, samples.QUESTION_TOKENS) for part in held for text in part.questions]
    texts = [samples.token_ids(words, part.text, samples.CONTEXT_TOKENS) for part in held]
    return vectors.frozen(network, asked), vectors.frozen(network, texts)


def figures(tensors: dict[str, Tensor], original: Vectors, words: Tokenizer, held: Sequence[Passage]) -> Figures:
    """How `tensors` do; `original` are the questions' vectors with the unmodified weights, from `encoded`."""
    questions, texts = encoded(tensors, words, held)
    right = np.repeat(np.arange(len(held)), [len(part.questions) for part in held])
    found = evaluate.ranks(questions, texts, right)
    return Figures(
        top_5=round(100 * float((found < 5).mean()), 2),
        mrr=round(100 * float((1 / (1 + found)).mean()), 2),
        agreement=agreement(questions, original),
    )

"""The exact answers that an answer model marks in passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from wherein.embed.answer_extractor import AnswerExtractor
    from wherein.search.hits import Hit

__all__ = [
    "MAX_ANSWER_TOKENS",
    "ExactAnswer",
    "TokenSpan",
    "best_answer",
    "best_span",
    "exact_answers",
    "likeliest",
    "log_odds",
]

# As in the Open Model Zoo's demo.
MAX_ANSWER_TOKENS = 15
# How much an answer's own score counts beside the chance of its passage, as a power; chosen with questions of the
# articles of SQuAD's train split that the models were not trained on (docs/decisions/training.md).
_SCORE_POWER = 0.3


@dataclass(frozen=True)
class TokenSpan:
    """Tokens `first` to `last`, both included; `score` is the product of their probabilities as start and end."""

    first: int
    last: int
    score: float


@dataclass(frozen=True)
class ExactAnswer:
    """Characters `start` to `end` of a document, which are `text`; `score` is 0 to 1."""

    text: str
    start: int
    end: int
    score: float


def exact_answers(extractor: AnswerExtractor, question: str, hits: Sequence[Hit]) -> list[ExactAnswer | None]:
    """Return the likeliest answer in each hit, None when it has no words; raises as `AnswerExtractor.windows`."""
    return [_answer(extractor, question, hit) for hit in hits]


def likeliest(hits: Sequence[Hit], exact: Sequence[ExactAnswer | None]) -> tuple[ExactAnswer | None, int]:
    """Return the likeliest of the exact answers in some hits and the rank of its hit; None and 0 if there is none.

    Where hits have no chance, as in the modes of one ranking, the first of n hits counts n times as much as the last.
    """
    found = [(one, hit) for one, hit in zip(exact, hits, strict=True) if one]
    if not found:
        return None, 0
    best, hit = max(found, key=lambda pair: _trust(pair[1]) * pair[0].score ** _SCORE_POWER)
    return best, hit.rank


def _trust(hit: Hit) -> float:
    return 1 / hit.rank if hit.chance is None else hit.chance


def _answer(extractor: AnswerExtractor, question: str, hit: Hit) -> ExactAnswer | None:
    found = best_answer(extractor, question, hit.text)
    return found and replace(found, start=hit.start + found.start, end=hit.start + found.end)


def best_answer(extractor: AnswerExtractor, question: str, text: str) -> ExactAnswer | None:
    """Return the likeliest answer in a text, None when it has no words. Raises as `AnswerExtractor.windows`."""
    best: tuple[float, int, int] | None = None
    for window in extractor.windows(question, text):
        span = best_span(window.start, window.end, window.first, len(window.start) - 1)  # - 1: the [SEP] at the end
        # Scores of different windows are comparable: the softmax includes [CLS] and the question (see `best_span`).
        if best is None or span.score > best[0]:
            begin, end = window.words[span.first - window.first, 0], window.words[span.last - window.first, 1]
            best = span.score, int(begin), int(end)
    if best is None:
        return None
    score, begin, end = best
    return ExactAnswer(text[begin:end], begin, end, score)


def log_odds(extractor: AnswerExtractor, question: str, text: str) -> float:
    """Return how much likelier the likeliest answer in a passage is than that it has none, as a logarithm.

    That there is none is what the logits of [CLS] say. A passage without words has -infinity. Raises as
    `AnswerExtractor.windows`.
    """
    odds = [-np.inf]
    for window in extractor.windows(question, text):
        span = best_span(window.start, window.end, window.first, len(window.start) - 1)
        answer = window.start[span.first] + window.end[span.last]
        odds.append(float(answer - window.start[0] - window.end[0]))
    return max(odds)


def best_span(
    start: npt.NDArray[np.float32],
    end: npt.NDArray[np.float32],
    low: int,
    high: int,
    longest: int = MAX_ANSWER_TOKENS,
) -> TokenSpan:
    """Return the likeliest span of at most `longest` tokens among the tokens `low` to `high` (exclusive).

    `start` and `end` `[n]` are logits of all the input's tokens, and the probabilities are taken over all of them: a
    model tuned on SQuAD points at [CLS] when the answer is not in its window, which makes every span of that window
    unlikely, as it should be. (The Open Model Zoo's demo does the same, but over [PAD] too, whose logits depend on the
    padding.) Of equal spans the first one wins, and of those the shortest.
    """
    starts, ends = _log_softmax(start)[low:high], _log_softmax(end)[low:high]
    best = TokenSpan(low, low, -np.inf)
    for length in range(min(longest, high - low)):
        sums = starts[: len(starts) - length] + ends[length:]  # logarithms: products of tiny probabilities would be 0
        first = int(np.argmax(sums))
        better = sums[first] > best.score or (sums[first] == best.score and low + first < best.first)
        if better:
            best = TokenSpan(low + first, low + first + length, float(sums[first]))
    return TokenSpan(best.first, best.last, float(np.exp(best.score)))


def _log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64) - np.max(logits)  # else exp could overflow
    return np.asarray(shifted - np.log(np.sum(np.exp(shifted))))

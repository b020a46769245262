"""Reading twice: a slower model reads the best passages together with the question, and orders them again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wherein.search.exact_answer import log_odds
from wherein.search.limits import READ_AGAIN

if TYPE_CHECKING:
    from wherein.embed.answer_extractor import AnswerExtractor
    from wherein.embed.reranker import Reranker
    from wherein.search.hits import Hit

__all__ = ["CrossReader", "PassageReader", "Reranked", "SpanReader", "rerank"]

# What a point of the answer model's log odds counts beside the score of the first ranking: the best for either of two
# collections' train questions (docs/decisions/training.md).
_SPAN_WEIGHT = 0.015


class PassageReader(Protocol):
    """Reads a question and a passage together.

    `weight` is what a point of its scores counts beside the score of the first ranking, None where they count alone.
    """

    @property
    def name(self) -> str:
        """The name of the model."""

    @property
    def weight(self) -> float | None:
        """The weight of a score."""

    def prepare(self) -> None:
        """Load the model, if it is not loaded. Raises Damaged or ModelMismatch when it cannot be used."""

    def score(self, question: str, text: str) -> float:
        """Return how well the passage answers the question: the higher, the better."""


@dataclass(frozen=True)
class CrossReader:
    """Reads with a reranker, whose logit decides alone."""

    reranker: Reranker
    weight: float | None = None

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.reranker.model.name

    def prepare(self) -> None:
        """Load the model."""
        self.reranker.prepare()

    def score(self, question: str, text: str) -> float:
        """Return the logit."""
        return self.reranker.score(question, text)


@dataclass(frozen=True)
class SpanReader:
    """Reads with an answer model: the score is the log odds that the passage has an answer."""

    extractor: AnswerExtractor
    weight: float | None = _SPAN_WEIGHT

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.extractor.model.name

    def prepare(self) -> None:
        """Load the model."""
        self.extractor.prepare()

    def score(self, question: str, text: str) -> float:
        """Return the log odds of the likeliest answer; for a passage without words they are the lowest."""
        return log_odds(self.extractor, question, text)


@dataclass(frozen=True)
class Reranked:
    """How many of the `passages` the `model` has `read` again: fewer than all when the time was up."""

    model: str
    passages: int
    read: int

    def describe(self, milliseconds: int) -> str:
        """Return it as a sentence for the user."""
        if self.read < self.passages:
            return (
                f"only {self.read} of the best {self.passages} passages were read again by {self.model} within"
                f" the limit of {milliseconds:,} ms; the others follow in their original order"
            )
        return f"the best {self.passages} passages were read again by {self.model}, which decides their order"


def rerank(
    reader: PassageReader,
    question: str,
    hits: Sequence[Hit],
    milliseconds: int,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[Hit], Reranked]:
    """Return the hits in the order that they have after the best READ_AGAIN were read again.

    No passage is started after `milliseconds`, which do not include the time to load the model. Those that were read
    come first, each with its `rerank_score`, and the others follow as they were. Equal ones keep their order.
    """
    best = hits[:READ_AGAIN]
    reader.prepare()
    scores, end = list[float](), clock() + milliseconds / 1000
    for hit in best:
        if clock() >= end:
            break
        scores.append(reader.score(question, hit.text))
    read = [hit.changed(rerank_score=score) for hit, score in zip(hits, scores, strict=False)]
    read.sort(key=lambda hit: -_total(hit, reader.weight))
    ordered = [hit.changed(rank=rank) for rank, hit in enumerate((*read, *hits[len(read) :]), 1)]
    return ordered, Reranked(reader.name, len(best), len(read))


def _total(hit: Hit, weight: float | None) -> float:
    assert hit.rerank_score is not None
    return hit.rerank_score if weight is None else hit.score + weight * hit.rerank_score

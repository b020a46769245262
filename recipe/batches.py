"""The batches of the training: passages, questions, and which passage answers which question.

A batch holds contexts of one article (each other's hard negatives), contexts from anywhere, a few that BM25 confuses
with these, and short sentences, in runs that mostly come from one article. Every passage comes with some of its
questions, and every other passage of the batch is a negative for them. The batches of an epoch depend on corpus,
shape, seed and epoch alone, so that a run can be resumed at any step.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from wherein.recipe.pairs import Corpus, Passage, key
from wherein.recipe.plan import Shape


@dataclass(frozen=True)
class Batch:
    """P distinct passages and Q questions; `positive` [Q, P] is True where the passage answers the question."""

    passages: tuple[str, ...]
    questions: tuple[str, ...]
    positive: NDArray[np.bool_]


def steps_per_epoch(corpus: Corpus, shape: Shape) -> int:
    """Return the number of batches of an epoch; each context, but for a last few, has its own turn in one of them."""
    return len(corpus.contexts) // (shape.article + shape.mixed)


def choose_contexts(corpus: Corpus, shape: Shape, rng: random.Random) -> Iterator[list[int]]:
    """Yield the indices of each batch's contexts: first those of one article, then the mixed ones."""
    count = steps_per_epoch(corpus, shape)
    numbers = sorted(range(len(corpus.contexts)), key=lambda number: corpus.contexts[number].article)
    groups: list[list[int]] = []
    rest: list[int] = []
    for title, members in groupby(numbers, key=lambda number: corpus.contexts[number].article):
        contexts = list(members)
        rng.shuffle(contexts)
        end = len(contexts) // shape.article * shape.article if title else 0
        groups += [contexts[start : start + shape.article] for start in range(0, end, shape.article)]
        rest += contexts[end:]
    rng.shuffle(groups)
    # Surplus groups are mixed with the rest; where groups are lacking, the last batches are wholly mixed.
    rest += [number for group in groups[count:] for number in group]
    rng.shuffle(rest)
    for group in groups[:count] + [[]] * (count - len(groups)):
        need = shape.article + shape.mixed - len(group)
        yield group + [rest.pop() for _ in range(need)]


def choose_hard_negatives(
    contexts: Sequence[int], near: Sequence[Sequence[int]], limit: int, rng: random.Random
) -> list[int]:
    """Return at most `limit` other contexts, each of which is near to one of `contexts`."""
    chosen: dict[int, None] = {}
    for number in rng.sample(contexts, len(contexts)):
        others = [other for other in near[number] if other not in contexts and other not in chosen]
        if others and len(chosen) < limit:
            chosen[rng.choice(others)] = None
    return list(chosen)


def sentence_runs(corpus: Corpus, shape: Shape, seed: int) -> list[tuple[Passage, ...]]:
    """Return runs of neighboring sentences, mostly from one article; shuffled once for all epochs."""
    length = shape.sentences // shape.runs
    starts = range(0, len(corpus.sentences) - length + 1, length)
    runs = [corpus.sentences[start : start + length] for start in starts]
    random.Random(seed).shuffle(runs)
    return runs


def assemble(passages: Sequence[Passage], questions: int, rng: random.Random) -> Batch:
    """Return the batch of these passages with at most `questions` questions of each.

    If the same question is asked of several passages, all of them are positive, so that none counts as a negative.
    """
    drawn = [rng.sample(part.questions, min(questions, len(part.questions))) for part in passages]
    texts = tuple({key(text): text for part in drawn for text in part}.values())
    keys = [{key(text) for text in part.questions} for part in passages]
    positive = np.array([[key(text) in answered for answered in keys] for text in texts], np.bool_)
    return Batch(tuple(part.text for part in passages), texts, positive)


def epoch(corpus: Corpus, near: Sequence[Sequence[int]], shape: Shape, seed: int, number: int) -> list[Batch]:
    """Return the batches of epoch `number` (from 0); `near` are each context's hard negatives, see `neighbors`."""
    rng = random.Random(f"{seed}/{number}")  # seeded with text, which gives the same batches on every machine
    runs, count = sentence_runs(corpus, shape, seed), steps_per_epoch(corpus, shape)
    batches = []
    for step, chosen in enumerate(choose_contexts(corpus, shape, rng)):
        indices = chosen + choose_hard_negatives(chosen, near, shape.confused, rng)
        first = (number * count + step) * shape.runs
        sentences = [part for run in range(shape.runs if runs else 0) for part in runs[(first + run) % len(runs)]]
        contexts = [corpus.contexts[index] for index in indices]
        batches.append(assemble([*contexts, *sentences], shape.questions, rng))
    return batches

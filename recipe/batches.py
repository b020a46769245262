"""What each step of the training sees: which passages, which questions, and which answer which.

A batch holds contexts of one article (its hard negatives are in the batch), contexts from anywhere, a few that BM25
confuses with these, and short sentences, in runs that mostly come from one article. Every passage comes with some of
its questions, and every other passage of the batch is a negative for them. The batches of an epoch are
a function of corpus, shape, seed and epoch alone, so a run can be resumed at any step.
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


def steps(corpus: Corpus, shape: Shape) -> int:
    """The batches of one epoch; each context is in exactly one of them by its own turn, but for a last few."""
    return len(corpus.contexts) // (shape.article + shape.mixed)


def halves(corpus: Corpus, shape: Shape, chance: random.Random) -> Iterator[list[int]]:
    """Numbers of contexts for each batch: first those of one article, then the mixed ones."""
    count = steps(corpus, shape)
    numbers = sorted(range(len(corpus.contexts)), key=lambda number: corpus.contexts[number].article)
    groups: list[list[int]] = []
    rest: list[int] = []
    for title, members in groupby(numbers, key=lambda number: corpus.contexts[number].article):
        own = list(members)
        chance.shuffle(own)
        whole = len(own) // shape.article * shape.article if title else 0
        groups += [own[at : at + shape.article] for at in range(0, whole, shape.article)]
        rest += own[whole:]
    chance.shuffle(groups)
    # More groups than batches: the others are mixed. Fewer: the last batches are mixed throughout.
    rest += [number for group in groups[count:] for number in group]
    chance.shuffle(rest)
    for group in groups[:count] + [[]] * (count - len(groups)):
        need = shape.article + shape.mixed - len(group)
        yield group + [rest.pop() for _ in range(need)]


def confused(own: Sequence[int], near: Sequence[Sequence[int]], most: int, chance: random.Random) -> list[int]:
    """At most `most` contexts that are not among `own` and are near to one of them."""
    found: dict[int, None] = {}
    for number in chance.sample(own, len(own)):
        others = [other for other in near[number] if other not in own and other not in found]
        if others and len(found) < most:
            found[chance.choice(others)] = None
    return list(found)


def runs(corpus: Corpus, shape: Shape, seed: int) -> list[tuple[Passage, ...]]:
    """The sentences cut into runs of neighbours, which mostly come from one article; shuffled once for all epochs."""
    length = shape.sentences // shape.runs
    starts = range(0, len(corpus.sentences) - length + 1, length)
    cut = [corpus.sentences[start : start + length] for start in starts]
    random.Random(seed).shuffle(cut)
    return cut


def assembled(passages: Sequence[Passage], questions: int, chance: random.Random) -> Batch:
    """The batch of these passages with at most `questions` of each.

    A question may answer to several passages, because the same words are asked of more than one; each of them is
    positive, so that none is taken for a negative.
    """
    drawn = [chance.sample(part.questions, min(questions, len(part.questions))) for part in passages]
    asked = tuple({key(text): text for part in drawn for text in part}.values())
    answers = [{key(text) for text in part.questions} for part in passages]
    positive = np.array([[key(text) in known for known in answers] for text in asked], np.bool_)
    return Batch(tuple(part.text for part in passages), asked, positive)


def epoch(corpus: Corpus, near: Sequence[Sequence[int]], shape: Shape, seed: int, number: int) -> list[Batch]:
    """The batches of epoch `number` (from 0); `near` are the wrong contexts of each context, see `neighbours`."""
    # Of a text, because that is the same on every machine.
    chance = random.Random(f"{seed}/{number}")
    cut, count = runs(corpus, shape, seed), steps(corpus, shape)
    batches = []
    for step, own in enumerate(halves(corpus, shape, chance)):
        numbers = own + confused(own, near, shape.confused, chance)
        first = (number * count + step) * shape.runs
        sentences = [part for run in range(shape.runs if cut else 0) for part in cut[(first + run) % len(cut)]]
        contexts = [corpus.contexts[number] for number in numbers]
        batches.append(assembled([*contexts, *sentences], shape.questions, chance))
    return batches

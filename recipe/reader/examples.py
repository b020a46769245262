"""Examples to read: questions with passages that answer them, and with passages that do not.

Of REQA nothing is used, because it does not say where in a sentence the answer stands. The articles that the embedding
model's training holds out (`pairs`) are held out here, too.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from wherein.recipe import neighbors, pairs
from wherein.recipe.pairs import FLAN, SQUAD, Corpus, key, load_json

Span = tuple[int, int]


@dataclass(frozen=True)
class Example:
    """A question and a passage.

    `spans` are the characters (end exclusive) of the passage that answer the question: each of them does, none if the
    passage does not answer.
    """

    question: str
    passage: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Examples:
    """What to train on: examples with an answer, and for each of them the passages that lack it, `wrong`."""

    answered: tuple[Example, ...]
    wrong: tuple[tuple[str, ...], ...]
    held: tuple[Example, ...]


def occurrences(text: str, answer: str) -> tuple[Span, ...]:
    """Return the places of an answer in a text."""
    spans, start = [], text.find(answer)
    while answer and start >= 0:
        spans.append((start, start + len(answer)))
        start = text.find(answer, start + 1)
    return tuple(spans)


def marked(folder: Path) -> Iterator[Example]:
    """Yield the questions of SQUAD with their one place, and those of FLAN with all places of their answers."""
    for article in load_json(folder / SQUAD)["data"]:
        for part in article["paragraphs"]:
            for qa in part["qas"]:
                start, text = qa["answers"][0]["answer_start"], qa["answers"][0]["text"]
                yield Example(qa["question"], part["context"], ((start, start + len(text)),))
    for part in load_json(folder / FLAN):
        for qa in part["qas"]:
            spans = occurrences(part["context"], qa["answer"])
            if spans:
                yield Example(qa["question"], part["context"], spans)


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Return the examples without repeated pairs of question and passage; the first of each stays."""
    found: dict[tuple[str, str], Example] = {}
    for one in examples:
        found.setdefault((key(one.question), one.passage), one)
    return list(found.values())


def read(folder: Path) -> Examples:
    """Return the examples of the files in `folder`."""
    corpus = pairs.read_corpus(folder)
    held = {part.text for part in corpus.held}
    known = distinct(marked(folder))
    answered = tuple(one for one in known if one.passage not in held)
    near = near_contexts(corpus)
    wrong = tuple(near[one.passage] for one in answered)
    return Examples(answered, wrong, tuple(one for one in known if one.passage in held))


def near_contexts(corpus: Corpus) -> dict[str, tuple[str, ...]]:
    """Return for each context those that BM25 confuses with it."""
    rows = neighbors.mine(corpus.contexts)
    texts = [part.text for part in corpus.contexts]
    return {text: tuple(texts[row] for row in near) for text, near in zip(texts, rows, strict=True)}


def epoch(examples: Examples, unanswered: float, seed: int, number: int) -> list[Example]:
    """Return the examples of epoch `number` (from 0) in their order, with a share of unanswered ones."""
    rng = random.Random(f"{seed}/{number}")  # seeded with text, which gives the same on every machine
    drawn = list(examples.answered)
    for one, passages in zip(examples.answered, examples.wrong, strict=True):
        if passages and rng.random() < unanswered:
            drawn.append(replace(one, passage=rng.choice(passages), spans=()))
    rng.shuffle(drawn)
    return drawn

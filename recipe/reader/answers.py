"""Measure how often the marked answer is right: exact match and F1, as SQuAD's own script does."""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wherein.embed.answer_extractor import AnswerExtractor, AnswerModel
from wherein.recipe import samples
from wherein.recipe.reader.examples import Example
from wherein.search.exact_answer import best_answer

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Asked:
    """A question, its passage, and the texts that answer it."""

    question: str
    passage: str
    answers: tuple[str, ...]


def normalized(text: str) -> list[str]:
    """Return the words of an answer that count."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def exact_match(found: str, right: str) -> float:
    """Return 1 where both are the same, else 0."""
    return float(normalized(found) == normalized(right))


def f1(found: str, right: str) -> float:
    """Return the harmonic mean of the shares of words that both have in common."""
    words, expected = normalized(found), normalized(right)
    common = (Counter(words) & Counter(expected)).total()
    return 2 * common / (len(words) + len(expected)) if common else 0.0


def best(measure: Callable[[str, str], float], found: str, answers: Iterable[str]) -> float:
    """Return the highest of a measure over the right answers."""
    return max((measure(found, right) for right in answers), default=0.0)


def of_examples(examples: Sequence[Example]) -> list[Asked]:
    """Return examples with an answer as questions to ask."""
    return [
        Asked(one.question, one.passage, tuple(one.passage[begin:end] for begin, end in one.spans))
        for one in examples
        if one.spans
    ]


def of_file(path: Path) -> list[Asked]:
    """Return the questions of a file in the SQuAD v1.1 schema."""
    return [
        Asked(qa["question"], part["context"], tuple(dict.fromkeys(answer["text"] for answer in qa["answers"])))
        for part in samples.paragraphs(path)
        for qa in part["qas"]
    ]


def measure(model: AnswerModel, precision: str, asked: Sequence[Asked]) -> dict[str, float]:
    """Return exact match and F1 in percent of a model, each question asked of its own passage."""
    extractor = AnswerExtractor(model, precision)
    matches, overlaps = 0.0, 0.0
    for one in asked:
        found = best_answer(extractor, one.question, one.passage)
        text = found.text if found else ""
        matches += best(exact_match, text, one.answers)
        overlaps += best(f1, text, one.answers)
    return {"exact_match": round(100 * matches / len(asked), 2), "f1": round(100 * overlaps / len(asked), 2)}

"""Passages with the questions they answer, from three files with parts of SQuAD v1.1's train split.

    squad-train-v1.1-partial.json   53 whole articles: contexts with their questions
    flan-eval-800ctx-train.json     contexts with five questions each; the article is not named
    reqa-squad-train-10k.json       questions with the one sentence that answers each, numbered in SQuAD's order

Only these files with these hashes are accepted, so that a wrong path can never lead to training on the dev split. Six
whole articles are held out: none of their texts, from whichever file, is trained on.
"""

import hashlib
import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from wherein.errors import Damaged, UsageError
from wherein.recipe.weights import sha256

SQUAD, FLAN, REQA = "squad-train-v1.1-partial.json", "flan-eval-800ctx-train.json", "reqa-squad-train-10k.json"
FILES = {
    SQUAD: "e936194fe43d02e416b68b83f41850bd42a87c2137304821cfc36a46c4742472",
    FLAN: "0ae8690b7a28718af4cc8d38cb667b4318c93d3d2e4a13a2e8c25a1740b3ec24",
    REQA: "e93068486b62bf5c54e44183098e1a592485d5f9cab6d7a203229bad8a6e8a97",
}
# SHA-256 of the answer sentences of REQA that occur in a context of SQuAD's dev split (the first three), or that share
# 13 consecutive words with one (the other two).
EXCLUDED = frozenset(
    {
        "cbd3d8f5a79a61355b1aaebf4276c09750d4269f2bda0b3b31516b5d990e16ea",
        "61bfd9a5d0e3ba35d62f116c5c46d9597a22c2478bed8f971a57097bc512af1d",
        "92266aee8023d06851ac0f1f02778d18eb7d243fbfb5d8f550bc633da95aec1f",
        "8e4e77b05129daa2ede286839ebe061dd91f7579abe590527c580afbd415c490",
        "7978a0b4e778ec3cf167404e9a004cfa1703d9ae609395919267e9004deec097",
    }
)
HELD_OUT, SEED = 6, 0
# Shorter "sentences" were split at an abbreviation ("The U.S.") and answer nothing.
MIN_WORDS = 5


@dataclass(frozen=True)
class Passage:
    """A text and the questions it answers; `article` is the article's title, "" if the file does not name it."""

    text: str
    article: str
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """The passages to train on, `contexts` and `sentences` (in SQuAD's order), and the contexts `held` out."""

    contexts: tuple[Passage, ...]
    sentences: tuple[Passage, ...]
    held: tuple[Passage, ...]


@dataclass
class Draft:
    """A passage whose questions are still being gathered; `questions` is by key."""

    article: str
    questions: dict[str, str] = field(default_factory=dict)


Drafts = dict[str, Draft]


def key(text: str) -> str:
    """Return a key that is equal for texts that differ only in case and whitespace."""
    return " ".join(text.lower().split())


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def verify(folder: Path) -> Path:
    """Return `folder` if its three files are the expected ones. Raises UsageError or Damaged otherwise."""
    for name, expected in FILES.items():
        path = folder / name
        if not path.is_file():
            raise UsageError(f"{path} is missing; give the folder that holds {', '.join(FILES)}")
        if sha256(path) != expected:
            raise Damaged(f"{path} is not the file that the recipe was made for; it should have SHA-256 {expected}")
    return folder


def load_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises UsageError when it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as JSON ({error})") from error


def context_questions(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (article, context, question) of SQUAD and FLAN; the article is "" in FLAN."""
    for article in load_json(folder / SQUAD)["data"]:
        for part in article["paragraphs"]:
            for qa in part["qas"]:
                yield article["title"], part["context"], qa["question"]
    for part in load_json(folder / FLAN):
        for qa in part["qas"]:
            yield "", part["context"], qa["question"]


def sentence_questions(folder: Path) -> list[tuple[str, str]]:
    """Return (question, sentence) of REQA in SQuAD's order, without unusable sentences."""
    content = load_json(folder / REQA)
    rows = sorted(zip(content["question_ids"], content["questions"], content["answers"], strict=True))
    return [(question, text) for _, question, text in rows if is_usable(text)]


def is_usable(sentence: str) -> bool:
    """Whether a sentence is long enough and not from the dev split."""
    return len(sentence.split()) >= MIN_WORDS and digest(sentence) not in EXCLUDED


class Finder:
    """Finds the text that contains a sentence, among many."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        # Searching one long text is much faster than searching thousands of short ones.
        folded = [key(text) + "\n" for text in texts]
        self.joined = "".join(folded)
        self.starts = list(accumulate(map(len, folded), initial=0))

    def find(self, sentence: str) -> str | None:
        """Return the first text that contains `sentence`, None if there is none."""
        offset = self.joined.find(key(sentence))
        return None if offset < 0 else self.texts[bisect_right(self.starts, offset) - 1]


def gather(folder: Path) -> tuple[Drafts, Drafts]:
    """Return all contexts and all sentences; the question of a sentence in a known context goes to that context."""
    contexts: Drafts = {}
    for article, text, question in context_questions(folder):
        contexts.setdefault(text, Draft(article)).questions.setdefault(key(question), question)
    known = {name for draft in contexts.values() for name in draft.questions}
    finder = Finder(list(contexts))
    sentences: Drafts = {}
    for question, text in sentence_questions(folder):
        context = finder.find(text)
        if context is not None:
            contexts[context].questions.setdefault(key(question), question)
        elif key(question) not in known:
            sentences.setdefault(text, Draft("")).questions.setdefault(key(question), question)
    return contexts, sentences


def choose_held_out(titles: set[str]) -> set[str]:
    """Return the titles of the articles to hold out, the same in every run."""
    if len(titles) <= HELD_OUT:
        raise UsageError(f"{len(titles)} articles are too few to hold {HELD_OUT} out")
    return set(random.Random(SEED).sample(sorted(titles), HELD_OUT))


def passages(drafts: Drafts) -> list[Passage]:
    """Return the finished passages."""
    return [Passage(text, draft.article, tuple(draft.questions.values())) for text, draft in drafts.items()]


def read_corpus(folder: Path) -> Corpus:
    """Return the passages of the three files in `folder`, without duplicates."""
    contexts, sentences = map(passages, gather(folder))
    held = choose_held_out({part.article for part in contexts} - {""})
    return Corpus(
        contexts=tuple(part for part in contexts if part.article not in held),
        sentences=tuple(sentences),
        held=tuple(part for part in contexts if part.article in held),
    )

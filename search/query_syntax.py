"""A question as keyword search reads it: words, "phrases in quotes" and -words that must not occur.

Nothing in a question is an error: what is no operator is a word, and what is no word is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wherein.storage.catalog.terms import folded_words, terms_of, word_terms

__all__ = ["Phrase", "Question", "parse_question"]

# A question that is longer is a text; what follows has no effect on keywords, and the user is told.
_CHARACTERS = 20_000
_TERMS = 256
_PHRASES = 16

_QUOTED = re.compile(r"""(?<![\w"])(?P<minus>(?<!\S)-)?["“„«](?P<words>[^"“”„«»]*)["”“»]""")
_EXCLUDED = re.compile(r"(?<!\S)-(?P<word>[^\W\d_][^\s\"“”„«»]*)")


@dataclass(frozen=True)
class Phrase:
    """Words that occur in this order, one after another; `terms` are those of the words."""

    words: tuple[str, ...]
    terms: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """What is looked for.

    `meaning` is the text whose meaning is asked for: without operators; `order` has its terms, one after another.
    `terms` are these without doubles, each with the word of the question that it comes from. Passages must hold every
    one of `phrases` and none of `excluded`. `cut` tells whether a part of the question was passed over.
    """

    meaning: str
    order: tuple[int, ...]
    terms: dict[int, str]
    phrases: tuple[Phrase, ...]
    excluded: tuple[Phrase, ...]
    cut: bool

    @property
    def is_plain(self) -> bool:
        """Whether there are only words in it."""
        return not self.phrases and not self.excluded


def parse_question(text: str, *, operators: bool = True) -> Question:
    """Return what a text asks for; without `operators` quotes and signs mean nothing. Takes any text."""
    kept = text[:_CHARACTERS]
    phrases: list[Phrase] = []
    excluded: list[Phrase] = []
    meaning = text
    if operators:
        for minus, words in _operators(kept):
            phrase = Phrase(tuple(folded_words(words)), tuple(dict.fromkeys(terms_of(words))))
            if phrase.words and phrase.terms:
                (excluded if minus else phrases).append(phrase)
        kept = _without_operators(kept)
        meaning = _without_operators(text)
    terms: dict[int, str] = {}
    for word, found in word_terms(kept):
        for term in found:
            terms.setdefault(term, word)
    cut = len(text) > _CHARACTERS or len(terms) > _TERMS or max(len(phrases), len(excluded)) > _PHRASES
    first = dict(list(terms.items())[:_TERMS])
    # Of a question that only says what is not wanted, all of it is the meaning.
    meaning = meaning if any(map(str.isalnum, meaning)) else text
    order = tuple(terms_of(meaning[:_CHARACTERS]))
    return Question(meaning, order, first, tuple(phrases[:_PHRASES]), tuple(excluded[:_PHRASES]), cut)


def _operators(text: str) -> Iterator[tuple[bool, str]]:
    for match in _QUOTED.finditer(text):
        yield bool(match["minus"]), match["words"]
    for match in _EXCLUDED.finditer(_QUOTED.sub(" ", text)):
        yield True, match["word"]


def _without_operators(text: str) -> str:
    """Return a text without quotes around its phrases, and without what is not to occur."""
    text = _QUOTED.sub(lambda match: " " if match["minus"] else match["words"], text)
    return _EXCLUDED.sub("", text)

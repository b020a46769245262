"""How keyword search reads a question: words, "phrases in quotes" and -words that must not occur.

No text is an error: what is not an operator is a word, and what is not a word is ignored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from wherein.storage.catalog.terms import JOINT, folded_text, required_terms, terms_of, word_terms

__all__ = ["ParsedQuestion", "Phrase", "parse_question"]

# Longer questions are truncated for keyword search, and the answer has a note about it.
_MAX_CHARACTERS = 20_000
_MAX_TERMS = 256
_MAX_PHRASES = 16
_MAX_SPLIT = 64  # characters of a word in a phrase that may be joined of parts in the text

# A quote opens a phrase only where no word or quote precedes it (19" opens none); a minus counts only before a word.
# An excluded word begins with a letter, since -5 is a number.
_QUOTED = re.compile(r"""(?<![\w"])(?P<minus>(?<!\S)-)?["“„«](?P<words>[^"“”„«»]*)["”“»]""")
_EXCLUDED = re.compile(r"(?<!\S)-(?P<word>[^\W\d_][^\s\"“”„«»]*)")


@dataclass(frozen=True)
class Phrase:
    """Words that must occur one after another, as they are or joined to one: `text` is their `folded_text`.

    `required` has for each word the alternatives of terms of which every passage with the phrase holds one.
    """

    text: str
    required: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def is_word(self) -> bool:
        """Whether this is one word without parts, whose term says as much as the text does."""
        return len(self.required) == 1 and JOINT not in self.text

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression that finds the phrase in the `folded_text` of a passage."""
        # Where the question has a blank, the passage may have joined the words; where the question has joined them, the
        # passage may have a blank or nothing; and within a word of the question the passage may have a joint: iPhone.
        separators = {" ": f"[ {JOINT}]", JOINT: f"[ {JOINT}]?"}
        pieces = re.split(f"([ {JOINT}])", self.text.strip())
        inner = "".join(separators.get(piece) or _with_joints(piece) for piece in pieces)
        return re.compile(f"(?<=[ {JOINT}]){inner}(?=[ {JOINT}])")


def _with_joints(word: str) -> str:
    letters = map(re.escape, word)
    return f"{JOINT}?".join(letters) if len(word) <= _MAX_SPLIT else re.escape(word)


@dataclass(frozen=True)
class ParsedQuestion:
    """A question without its operators, and what these require.

    `meaning` is the text to be embedded, and `order` its terms in their order. `terms` are the different terms of the
    question, each with the word that it comes from. Passages must hold every one of `phrases` and none of `excluded`.
    `cut` is True when keyword search ignores a part of the question because it is too long.
    """

    meaning: str
    order: tuple[int, ...]
    terms: dict[int, str]
    phrases: tuple[Phrase, ...]
    excluded: tuple[Phrase, ...]
    cut: bool

    @cached_property
    def asked(self) -> dict[int, int]:
        """How often the question has each of its terms."""
        counts = Counter(self.order)
        return {term: counts[term] or 1 for term in self.terms}

    @property
    def is_plain(self) -> bool:
        """Whether the question has no operators."""
        return not self.phrases and not self.excluded


def parse_question(text: str, *, operators: bool = True) -> ParsedQuestion:
    """Parse any text as a question; without `operators` quotes and signs mean nothing."""
    kept = text[:_MAX_CHARACTERS]
    phrases, excluded = _phrases(kept) if operators else ([], [])
    terms = _terms(_without_operators(kept) if operators else kept)
    # All of the text: the model's tokenizer cuts it, and reports what it has cut.
    meaning = _without_operators(text) if operators else text
    if not any(True for _ in terms_of(meaning[:_MAX_CHARACTERS])):  # only exclusions: then their words are the meaning
        meaning = text
    return ParsedQuestion(
        meaning=meaning,
        order=tuple(terms_of(meaning[:_MAX_CHARACTERS])),
        terms=dict(islice(terms.items(), _MAX_TERMS)),
        phrases=tuple(phrases[:_MAX_PHRASES]),
        excluded=tuple(excluded[:_MAX_PHRASES]),
        cut=len(text) > _MAX_CHARACTERS or len(terms) > _MAX_TERMS or max(len(phrases), len(excluded)) > _MAX_PHRASES,
    )


def _phrases(text: str) -> tuple[list[Phrase], list[Phrase]]:
    """Return what a text requires and what it excludes."""
    required, excluded = list[Phrase](), list[Phrase]()
    for negated, words in _operators(text):
        of_words = [required_terms(word) for word, _ in word_terms(words)]
        if of_words:  # else the quotes hold only punctuation
            (excluded if negated else required).append(Phrase(folded_text(words), tuple(of_words)))
    return required, excluded


def _terms(text: str) -> dict[int, str]:
    """Return the different terms of a text in their order, each with the first word that has it."""
    terms: dict[int, str] = {}
    for word, of_word in word_terms(text):
        for term in of_word:
            terms.setdefault(term, word)
    return terms


def _operators(text: str) -> Iterator[tuple[bool, str]]:
    """Yield for each operator whether it excludes, and its words."""
    for match in _QUOTED.finditer(text):
        yield bool(match["minus"]), match["words"]
    # Phrases are taken out first: within quotes a minus excludes nothing.
    for match in _EXCLUDED.finditer(_QUOTED.sub(" ", text)):
        yield True, match["word"]


def _without_operators(text: str) -> str:
    """Return a text without the quotes around phrases, and without excluded words."""
    text = _QUOTED.sub(lambda match: " " if match["minus"] else match["words"], text)
    return _EXCLUDED.sub("", text)

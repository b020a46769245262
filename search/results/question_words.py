"""The words of a question in a text, to be marked: compared as keyword search compares them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from wherein.storage.catalog.terms import has_unspaced, plain_word, runs_in, terms_of

__all__ = ["QuestionWords", "question_words"]

# A person writes no longer questions and words; what looks for them stays small.
_MAX_QUESTION = 2_000
_MAX_WORD = 60
_MIN_WORD = 3
# A word is also found with an ending that its stemmer does not know, up to so many letters.
_MAX_ENDING = 3
# In nearly every sentence, so they say nothing about which sentence answers.
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        about all and any are been but can could did does for from had has have her his how into its may might must nor
        not off one our out over shall she should some such than that the their them then there these they this those
        upon was were what when where which while who whom whose why will with would you your
        """,
    )
)

Span = tuple[int, int]


@dataclass(frozen=True)
class QuestionWords:
    """The words of a question that say what it is about: a number for each term and each folded word.

    `unspaced` are those of scripts without spaces: pairs of characters, and characters that stand alone.
    """

    terms: Mapping[int, int]
    folded: Mapping[str, int]
    unspaced: frozenset[str]

    def count(self, text: str) -> int:
        """Return how many of the words a text has."""
        return len({word for _, word in self._found(text)})

    def spans(self, text: str) -> Iterator[Span]:
        """Yield start and end of each of the words in a text, of overlapping ones together."""
        start = end = -1
        for (first, last), _ in self._found(text):
            if first > end:
                if end > 0:
                    yield start, end
                start = first
            end = max(end, last)
        if end > 0:
            yield start, end

    def _found(self, text: str) -> Iterator[tuple[Span, object]]:
        """Yield the span of each word in a text, in their order, and which one it is."""
        for match in runs_in(text):
            run = match.group()
            if has_unspaced(run):
                for one in self._unspaced_pattern.finditer(run):
                    start = match.start() + one.start()
                    yield (start, start + len(one[1])), one[1]
            elif (number := self._number(run)) is not None:
                yield match.span(), number

    def _number(self, run: str) -> int | None:
        for term in terms_of(run):
            if term in self.terms:
                return self.terms[term]
        folded = plain_word(run) if len(run) <= _MAX_WORD else ""
        shortest = max(_MIN_WORD, len(folded) - _MAX_ENDING)
        stems = (folded[:length] for length in range(len(folded), shortest - 1, -1))
        return next((self.folded[stem] for stem in stems if stem in self.folded), None)

    @cached_property
    def _unspaced_pattern(self) -> re.Pattern[str]:
        # A lookahead: pairs overlap.
        longest_first = sorted(self.unspaced, key=lambda word: (-len(word), word))
        return re.compile(rf"(?=({'|'.join(map(re.escape, longest_first)) or '(?!)'}))")


@lru_cache(maxsize=8)
def question_words(question: str) -> QuestionWords:
    """Return the words of a question that say what it is about, or all of them if there are none."""
    runs = [match.group() for match in runs_in(question[:_MAX_QUESTION]) if len(match.group()) <= _MAX_WORD]
    unspaced = {part for run in runs if has_unspaced(run) for part in _parts(run)}
    words = [run for run in runs if not has_unspaced(run)]
    said = [word for word in words if _says_something(word)]
    kept = said if said or unspaced else words
    terms = {term: number for number, word in enumerate(kept) for term in terms_of(word)}
    folded = {plain_word(word): number for number, word in enumerate(kept)}
    return QuestionWords(terms, folded, frozenset(unspaced))


def _parts(run: str) -> list[str]:
    return ["".join(pair) for pair in pairwise(run)] or [run]


def _says_something(word: str) -> bool:
    is_emoji = not any(map(str.isalnum, word))
    return is_emoji or (len(word) >= _MIN_WORD and word.lower() not in _FUNCTION_WORDS)

"""The words of a question in a text, to be marked: compared as keyword search compares them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

from wherein.search.results.function_words import function_words
from wherein.storage.catalog.terms import has_unspaced, plain_word, runs_in, terms_of, word_matches

__all__ = ["QuestionWords", "question_words"]

# A person writes no longer questions and words; what looks for them stays small.
_MAX_QUESTION = 2_000
_MAX_WORD = 120
_MIN_WORD = 3
# A word is also found with an ending that its stemmer does not know, up to so many letters, and half as many as it has.
_MIN_STEM, _MAX_ENDING = 4, 3
_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:s|re|ll|d|ve|m))$", re.IGNORECASE)
# Endings and particles, where a question also has Chinese characters or those of foreign words.
_HIRAGANA = re.compile(r"[\u3041-\u309f]+")

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
        for word in word_matches(text):
            runs = list(runs_in(word.group()))
            is_joined = [run.group() for run in runs] != [word.group()]
            if is_joined and (number := self._whole_number(word.group())) is not None:
                yield word.span(), number
                continue
            for run in runs:
                yield from self._found_in(run.group(), word.start() + run.start(), is_joined)

    def _found_in(self, run: str, start: int, is_part: bool) -> Iterator[tuple[Span, object]]:
        if has_unspaced(run):
            for at in range(len(run)):
                if (word := run[at : at + 2]) in self.unspaced or (word := run[at]) in self.unspaced:
                    yield (start + at, start + at + len(word)), word
        # The 5 of 0.5 is another number.
        elif not (is_part and len(run) < _MIN_WORD) and (number := self._number(run)) is not None:
            yield (start, start + len(run)), number

    def _whole_number(self, word: str) -> int | None:
        """Return the number of a word that is joined of several, such as 3.11.4 and wi-fi."""
        if len(word) > _MAX_WORD or has_unspaced(word):
            return None
        return next((self.terms[term] for term in islice(terms_of(word), 1) if term in self.terms), None)

    def _number(self, run: str) -> int | None:
        if len(run) > _MAX_WORD:
            return None
        for term in terms_of(run):
            if term in self.terms:
                return self.terms[term]
        folded = plain_word(run)
        if folded in self.folded or any(map(str.isdigit, folded)):
            return self.folded.get(folded)
        shortest = max(_MIN_STEM, len(folded) - _MAX_ENDING, -(-2 * len(folded) // 3))
        stems = (folded[:length] for length in range(len(folded) - 1, shortest - 1, -1))
        return next((self.folded[stem] for stem in stems if stem in self.folded), None)


@lru_cache(maxsize=8)
def question_words(question: str) -> QuestionWords:
    """Return the words of a question that say what it is about, or all of them if there are none."""
    words = [_CONTRACTED.sub("", match.group()) for match in word_matches(question[:_MAX_QUESTION])]
    words = [word for word in words if len(word) <= _MAX_WORD]
    small = function_words({word.lower() for word in words})
    unspaced = _saying([part for word in words for run in _unspaced_runs(word) for part in _parts(run)])
    forms = [(number, form) for number, word in enumerate(words) for form in _forms(word)]
    said = [(number, form) for number, form in forms if _says_something(form, words[number], small)]
    kept = said if said or unspaced else forms
    # Also of the parts of getUserName, but not of those of x86.
    terms = {
        term: number
        for number, form in reversed(kept)
        for term in (terms_of(form) if form.isalpha() else islice(terms_of(form), 1))
    }
    folded = {plain_word(form): number for number, form in reversed(kept)}
    return QuestionWords(terms, folded, unspaced)


def _forms(word: str) -> list[str]:
    """Return a word and its parts, but none in scripts without spaces."""
    runs = [run.group() for run in runs_in(word) if not has_unspaced(run.group())]
    is_whole = runs and not has_unspaced(word)  # of ___ there are no parts
    return list(dict.fromkeys((word, *runs))) if is_whole else runs


def _unspaced_runs(word: str) -> list[str]:
    return [run.group() for run in runs_in(word) if has_unspaced(run.group())]


def _parts(run: str) -> list[str]:
    return ["".join(pair) for pair in pairwise(run)] or [run]


def _saying(parts: Sequence[str]) -> frozenset[str]:
    return frozenset(part for part in parts if not _HIRAGANA.fullmatch(part)) or frozenset(parts)


def _says_something(form: str, word: str, small: Set[str]) -> bool:
    """Whether a word or one of its parts does; of a short number only if it is the whole word."""
    is_emoji = not any(map(str.isalnum, form))
    is_number = form == word and form.isdigit()
    return is_emoji or is_number or (len(form) >= _MIN_WORD and form.lower() not in small)

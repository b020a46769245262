"""Words of a question that the library does not have, and the words of the library that they may be misspelt for.

A word is searched as the nearest one that occurs: one edit away for words of four to seven letters, up to two for
longer ones. Of several equally near ones, those with the same first letter come first, and of these the most frequent.
An edit inserts, deletes or replaces a letter, or swaps two neighbors (Damerau; the restricted distance, in which no
letter is edited twice). docs/decisions/spelling.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from wherein.search.query_syntax import ParsedQuestion
from wherein.search.results.function_words import function_words
from wherein.search.vocabulary import Vocabulary
from wherein.storage.catalog.terms import plain_word, replace_words, word_terms, words_in
from wherein.storage.catalog.words import respell_word, spelled_parts, term_of_word
from wherein.storage.disk.recent import Recent
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.word_list import WordList

__all__ = ["Correction", "Speller", "respelled"]

_SHORTEST, _TWO_EDITS_FROM = 4, 8
# Words at one distance whose frequencies are looked up.
_MAX_CANDIDATES = 100
# Of the words of a question that the library does not have, the first few are looked up: each takes some milliseconds
# in a large library, and a question with more of them is in another language.
_MAX_WORDS = 8
_MAX_KNOWN = 10_000


@dataclass(frozen=True)
class Correction:
    """A `word` of a question that no passage has, as it was asked, and the one that was `searched`, folded."""

    word: str
    searched: str


class Speller:
    """Corrects questions to one library; for one thread at a time."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: tuple[KeywordIndex, Recent[str, str | None]] | None = None

    def correct(self, index: KeywordIndex, question: ParsedQuestion) -> tuple[ParsedQuestion, tuple[Correction, ...]]:
        """Return a question with the terms of the words that are searched, and which words those are.

        Call inside the snapshot that the index is of. Raises Damaged when the words of the index are damaged.
        """
        # A word of which another inflection occurs is not misspelt.
        lacking = {term for term in question.terms if term not in question.forms and not index.occurs(term)}
        if not lacking:
            return question, ()
        found = {
            term: Correction(word, nearest)
            for term, (word, folded) in islice(_misspelt(question, lacking).items(), _MAX_WORDS)
            if (nearest := self._nearest(index, folded))
        }
        searched = {term: (term_of_word(one.searched) or 0, one.searched) for term, one in found.items()}
        return question.with_terms(searched), tuple(found.values())

    def _nearest(self, index: KeywordIndex, word: str) -> str | None:
        """Return the word that occurs and is nearest to another, None if none is near."""
        if self._known is None or self._known[0] is not index:
            self._known = index, Recent(_MAX_KNOWN)
        known = self._known[1]
        if word in known:
            return known[word]
        nearest = next(self._near(index, word), None)
        known.keep(word, nearest, 1)
        return nearest

    def _near(self, index: KeywordIndex, word: str) -> Iterator[str]:
        """Yield the words that occur and are near to another, the most likely first."""
        edits = 2 if len(word) >= _TWO_EDITS_FROM else 1
        by_distance: dict[int, set[str]] = {}
        for part in index.parts:
            for other, distance in _near_words(self._vocabulary.words(part), word, edits):
                by_distance.setdefault(distance, set()).add(other)
        for _, words in sorted(by_distance.items()):
            # The first letter is seldom wrong.
            likely = sorted(words, key=lambda other: (other[0] != word[0], other))[:_MAX_CANDIDATES]
            terms = {other: term for other in likely if (term := term_of_word(other)) is not None}
            occurring = index.frequencies(terms.values())
            frequencies = {other: occurring[term] for other, term in terms.items() if occurring[term]}
            yield from sorted(frequencies, key=lambda other: (other[0] != word[0], -frequencies[other]))


def _misspelt(question: ParsedQuestion, lacking: set[int]) -> dict[int, tuple[str, str]]:
    """Return for terms that may come from a misspelt word this word, as it was asked and folded."""
    is_in_capitals = question.plain.isupper() and len(question.plain.split()) > 1
    found: dict[int, tuple[str, str]] = {}
    # A small library may lack what and wann, which nobody misspells as hat and warm.
    known = function_words({word.lower() for word in words_in(question.plain)})
    for word, terms in word_terms(question.plain):
        if lacking.isdisjoint(terms) or (word.isupper() and not is_in_capitals):  # the latter is an abbreviation
            continue
        for part, folded in spelled_parts(word):
            term = term_of_word(folded)
            if term in lacking and term is not None and len(folded) >= _SHORTEST and part.lower() not in known:
                found.setdefault(term, (part, folded))
    quoted = question.quoted_terms if found else set()
    return {term: words for term, words in found.items() if term not in quoted}


def _near_words(words: WordList, word: str, edits: int) -> Iterator[tuple[str, int]]:
    """Yield the words that are at most some edits from another, with their distances."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    for group in words[max(len(word) - edits, 0) : len(word) + edits + 1]:
        for other, distance, _ in extract(word, group, scorer=OSA.distance, score_cutoff=edits, limit=None):
            yield other, int(distance)


def respelled(text: str, corrections: Sequence[Correction]) -> str:
    """Return a text with the words that are searched in place of those that were asked, in whatever case."""
    searched = {plain_word(one.word): one.searched for one in corrections}
    return replace_words(text, partial(respell_word, searched=searched)) if searched else text

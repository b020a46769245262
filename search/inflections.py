"""Other inflections of a question's words, in the language of the library: Haus, Hauses, Häuser.

Terms have the English stemmer for all Latin letters, so that no term depends on what language a text is taken for. What
it leaves apart is brought together when a question is asked: of the words that the library spells out, those that have
the same stem in its main language count as the word that was asked. docs/decisions/keywords.md has the figures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from wherein.search.fusion import Terms
from wherein.search.query_syntax import ParsedQuestion
from wherein.search.vocabulary import Vocabulary
from wherein.storage.catalog.terms import word_terms
from wherein.storage.catalog.words import spelled_parts, term_of_word
from wherein.storage.disk.recent import Recent
from wherein.storage.index.keyword_index import KeywordIndex

__all__ = ["Inflections", "as_asked"]

_STEMMERS = {
    "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
"""Snowball's stemmers of languages in Latin letters, by their codes in ISO 639-1."""

# A shorter stem says too little: Dutch "aan" and "aans" have one of two letters.
_SHORTEST_STEM = 3
# Only the most frequent forms of a word count; a Finnish or Turkish noun has more.
_MAX_FORMS = 16
_MAX_KNOWN = 10_000

Stem = Callable[[list[str]], list[str]]


class Inflections:
    """Finds inflections in one library; for one thread at a time."""

    def __init__(self, language: Callable[[], str], vocabulary: Vocabulary) -> None:
        """`language` returns the code (ISO 639-1) of the main language of the library, "" if it has none."""
        self._language = language
        self._vocabulary = vocabulary
        self._known: tuple[KeywordIndex, Stem | None, Recent[str, tuple[int, ...]]] | None = None

    def add(self, index: KeywordIndex, question: ParsedQuestion) -> ParsedQuestion:
        """Return a question with the terms of other inflections of its words, quoted and excluded ones left alone.

        Call inside the snapshot that the index is of. Raises Damaged when the words of the index are damaged.
        """
        if self._known is None or self._known[0] is not index:
            self._known = index, _stemmer(self._language()), Recent(_MAX_KNOWN)
        _, stem, known = self._known
        if stem is None:
            return question
        forms, taken = dict[int, tuple[int, ...]](), set(question.terms)
        for term, word in _inflected(question).items():
            if word not in known:
                known.keep(word, self._forms(index, stem, word, term), 1)
            if own := tuple(form for form in known[word] if form not in taken):
                forms[term] = own
                taken.update(own)
        return replace(question, forms=forms)

    def _forms(self, index: KeywordIndex, stem: Stem, word: str, term: int) -> tuple[int, ...]:
        """Return the terms of the most frequent words with the stem of a word, but not the word's own term."""
        (shared,) = stem([word])
        if len(shared) < _SHORTEST_STEM:
            return ()
        # The stemmer may change the last letter of a stem.
        others = list(self._beginning(index, shared[: max(_SHORTEST_STEM, len(shared) - 1)]))
        same = {other for other, own in zip(others, stem(others), strict=True) if own == shared}
        terms = {found for other in same if (found := term_of_word(other)) not in (term, None)}
        frequency = index.frequencies(one for one in terms if one)
        return tuple(sorted(filter(frequency.get, frequency), key=lambda one: (-frequency[one], one))[:_MAX_FORMS])

    def _beginning(self, index: KeywordIndex, prefix: str) -> Iterator[str]:
        """Yield the words of the library that begin with some letters."""
        for part in index.parts:
            for group in self._vocabulary.words(part)[len(prefix) :]:
                for at in range(bisect_left(group, prefix), len(group)):
                    if not group[at].startswith(prefix):
                        break
                    yield group[at]


def as_asked(passages: Sequence[Terms], forms: Mapping[int, Sequence[int]]) -> list[Terms]:
    """Return the terms int64 `[t]` of passages, with those that were asked in place of other inflections (`forms`)."""
    asked = sorted((form, term) for term, own in forms.items() for form in own)
    if not asked:
        return list(passages)
    known, terms = np.array(asked, np.int64).T

    def replaced(passage: Terms) -> Terms:
        at = np.minimum(np.searchsorted(known, passage), len(known) - 1)
        return np.where(known[at] == passage, terms[at], passage)

    return list(map(replaced, passages))


def _inflected(question: ParsedQuestion) -> dict[int, str]:
    """Return those of a question's terms that come from a whole word, and are not quoted, with this word, folded."""
    quoted, found = question.quoted_terms, dict[int, str]()
    for word, _ in word_terms(question.plain):
        for _, folded in spelled_parts(word):
            term = term_of_word(folded)
            if term in question.terms and term is not None and term not in quoted:
                found.setdefault(term, folded)
    return found


@cache
def _stemmer(language: str) -> Stem | None:
    if language not in _STEMMERS:
        return None
    import Stemmer

    stem: Stem = Stemmer.Stemmer(_STEMMERS[language]).stemWords
    return stem

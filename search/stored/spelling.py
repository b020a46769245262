"""Misspelt words of a question to a store are corrected as in a folder, by the words that the store lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wherein.search.query_syntax import ParsedQuestion
from wherein.search.spelling import Correction, Speller
from wherein.storage.catalog.words import term_of_word
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import Mask, TermPostings, collect
from wherein.storage.index.word_list import WordList, group_words
from wherein.storage.store.store import SearchableStore

__all__ = ["StoreSpeller"]

_NO_POSITIONS, _NO_COUNTS = np.empty(0, np.uint32), np.empty(0, np.uint8)


@dataclass(frozen=True)
class _Counted(TermPostings):
    """How often a term occurs in a store, without the passages."""

    frequency: int = 0

    def count(self, live: Mask | None) -> int:
        """Return in how many passages the term occurs."""
        return self.frequency


@dataclass(frozen=True)
class _StorePart(Part):
    """All passages of a store, of which only the frequencies of some terms are known."""

    known: dict[int, int] = field(default_factory=dict)

    def find(self, term: int) -> TermPostings:
        """Return how often a term occurs, which has to be known."""
        return _Counted(_NO_POSITIONS, _NO_COUNTS, _NO_COUNTS, self.known[term])


@dataclass(frozen=True)
class _State:
    """The words of a store that held so many passages with so many terms."""

    part: _StorePart
    index: KeywordIndex
    words: WordList


class StoreSpeller(Speller):
    """Corrects questions to one store; for one thread at a time."""

    def __init__(self, store: SearchableStore) -> None:
        self._store = store
        self._known = None
        self._state: _State | None = None

    def corrected(self, question: ParsedQuestion) -> tuple[ParsedQuestion, tuple[Correction, ...]]:
        """Return a question with the terms of the words that are searched, and which words those are."""
        statistics = self._store.term_statistics([*question.terms])
        if all(statistics.frequencies[term] for term in question.terms):
            return question, ()
        state = self._state
        if state is None or (state.index.count, state.index.length) != (statistics.passages, statistics.length):
            part = _StorePart(collect(()))
            index = KeywordIndex(0, None, (part,), statistics.passages, statistics.length)
            state = self._state = _State(part, index, group_words(self._store.words()))
        state.part.known.update(statistics.frequencies)
        return self.correct(state.index, question)

    def _frequencies(self, index: KeywordIndex, words: Sequence[str]) -> dict[str, int]:
        terms = {word: term_of_word(word) or 0 for word in words}
        found = self._store.term_statistics([*terms.values()]).frequencies
        return {word: found[term] for word, term in terms.items()}

    def _words(self, part: Part) -> WordList:
        assert self._state is not None
        return self._state.words

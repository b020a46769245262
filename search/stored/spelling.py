"""Misspelt words of a question to a store are corrected as in a folder, by the words that the store lists."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from wherein.search.query_syntax import ParsedQuestion
from wherein.search.spelling import Correction, Speller
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
    """All passages of a store, of which only the frequencies of terms are known: those that were asked for."""

    store: SearchableStore | None = None
    known: dict[int, int] = field(default_factory=dict)

    def find(self, term: int) -> TermPostings:
        """Return how often a term occurs."""
        if term not in self.known and self.store is not None:
            self.known.update(self.store.term_statistics([term]).frequencies)
        return _Counted(_NO_POSITIONS, _NO_COUNTS, _NO_COUNTS, self.known[term])


class StoreSpeller(Speller):
    """Corrects questions to one store; for one thread at a time."""

    def __init__(self, store: SearchableStore) -> None:
        self._store = store
        self._known = None
        self._state: tuple[int, KeywordIndex, WordList] | None = None

    def corrected(self, question: ParsedQuestion) -> tuple[ParsedQuestion, tuple[Correction, ...]]:
        """Return a question with the terms of the words that are searched, and which words those are."""
        statistics = self._store.term_statistics([*question.terms])
        if all(statistics.frequencies[term] for term in question.terms):
            return question, ()
        if self._state is None or self._state[0] != statistics.passages:
            part = _StorePart(collect(()), None, self._store)
            index = KeywordIndex(0, None, (part,), statistics.passages, statistics.length)
            self._state = statistics.passages, index, group_words(self._store.words())
        index = self._state[1]
        for known in index.parts:
            if isinstance(known, _StorePart):
                known.known.update(statistics.frequencies)
        return self.correct(index, question)

    def _words(self, part: Part) -> WordList:
        assert self._state is not None
        return self._state[2]

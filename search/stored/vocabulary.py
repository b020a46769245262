"""The words of a store, so that inflections and misspelt words are found by the code that finds them in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wherein.search.query_syntax import ParsedQuestion
from wherein.search.vocabulary import Vocabulary
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import collect
from wherein.storage.index.word_list import WordList, group_words
from wherein.storage.store.store import SearchableStore

__all__ = ["StoreVocabulary", "StoreWordIndex"]


@dataclass(frozen=True)
class StoreWordIndex(KeywordIndex):
    """An index that only knows how often terms occur: it asks `store`, and keeps in `known` what it was asked for."""

    store: SearchableStore = field(kw_only=True)
    known: dict[int, int] = field(default_factory=dict, kw_only=True)

    def frequencies(self, terms: Iterable[int]) -> dict[int, int]:
        """Return in how many passages of the store each term occurs."""
        asked = list(terms)
        if unknown := [term for term in asked if term not in self.known]:
            self.known.update(self.store.term_statistics(unknown).frequencies)
        return {term: self.known[term] for term in asked}

    def occurs(self, term: int) -> bool:
        """Whether a passage of the store has a term."""
        return self.frequencies([term])[term] > 0


class StoreVocabulary(Vocabulary):
    """Reads the words of one store when they are needed; for one thread at a time."""

    def __init__(self, store: SearchableStore) -> None:
        self._store = store
        self._index: StoreWordIndex | None = None
        self._words: tuple[StoreWordIndex, WordList] | None = None

    def index(self, question: ParsedQuestion) -> StoreWordIndex:
        """Return an index that knows the terms of a question, the same one until passages come or go."""
        statistics, index = self._store.term_statistics([*question.terms]), self._index
        if index is None or (index.count, index.length) != (statistics.passages, statistics.length):
            part = Part(collect(()))
            index = StoreWordIndex(0, None, (part,), statistics.passages, statistics.length, store=self._store)
            self._index = index
        index.known.update(statistics.frequencies)
        return index

    def words(self, part: Part) -> WordList:
        """Return all words of the store."""
        assert self._index is not None
        if self._words is None or self._words[0] is not self._index:
            self._words = self._index, group_words(self._store.words())
        return self._words[1]

"""From a prepared question to its answer from a store: its candidates are fetched, and ranked as those of a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from wherein.search.hybrid import CANDIDATES
from wherein.search.inflections import Inflections
from wherein.search.pipeline import (
    Answer,
    AnswerModels,
    PreparedQuery,
    QueryOptions,
    QueryPipeline,
    with_searched_words,
)
from wherein.search.spelling import Correction, Speller
from wherein.search.stored.candidates import Candidates, Wanted, fetch, neighbors
from wherein.search.stored.indexes import CandidateIndexes, NeedMore
from wherein.search.stored.small_catalog import DerivedPassages, small_catalog
from wherein.search.stored.vocabulary import StoreVocabulary
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.filters.selection import Filter as DocumentFilter
from wherein.storage.store.document import PassageRow
from wherein.storage.store.filters import Filter
from wherein.storage.store.store import Generation, Store

__all__ = ["Passing", "StoredPipeline"]

_EXTRA = 14
"""Passages beyond those that are ranked, so that a ranking can see that there are others."""
_BY_WORDS, _MOST = 256, 16_384
_SAMPLE = 500
_NO_MODELS = AnswerModels()
_UNKNOWN = "unknown"
_CUT = "only the {:,} passages that fit the words best were considered"


@dataclass(frozen=True)
class Passing:
    """The passages that a filter on documents leaves: those that pass one of `filters`; None passes all.

    `unmatched` are its patterns that match no document.
    """

    filters: Sequence[Filter | None] = (None,)
    unmatched: tuple[str, ...] = ()


class StoredPipeline:
    """Answers prepared questions from a store; for one thread at a time. `metric` is that of the store's model."""

    def __init__(self, store: Store, metric: str) -> None:
        self._store = store
        self._metric = metric
        self._derived = DerivedPassages()
        self._vocabulary = StoreVocabulary(store)
        self._inflections = Inflections(store.main_language, self._vocabulary)
        self._speller = Speller(self._vocabulary)
        self._sample: tuple[str, int, Matrix] | None = None

    def answer(
        self, query: PreparedQuery, options: QueryOptions, passing: Passing, models: AnswerModels = _NO_MODELS
    ) -> Answer:
        """Answer one question, from documents that pass."""
        query, corrections = self._corrected(query, models)
        inner, around = _inner_options(options, passing), list[PassageRow]()
        wanted = Wanted(max(2 * options.gathered + 10, CANDIDATES) + _EXTRA, _BY_WORDS)
        while True:
            embedded = query.embedded if options.needs_vector else None
            candidates = fetch(self._store, query.words, embedded, wanted, passing.filters)
            try:
                answer = self._ranked(query, inner, candidates, around, models, corrections)
            except NeedMore as more:
                wanted = replace(wanted, by_meaning=more.wanted + _EXTRA)
                continue
            if len(answer.hits) < options.k and candidates.is_cut and wanted.by_words < _MOST:
                wanted = replace(wanted, by_words=4 * wanted.by_words)
                continue
            if options.results.context and answer.hits and not around:
                around = neighbors(self._store, _of_hits(candidates, answer), options.results.context)
                continue
            return replace(answer, notes=(*answer.notes, *_notes(options, candidates, answer)))

    def _corrected(self, query: PreparedQuery, models: AnswerModels) -> tuple[PreparedQuery, tuple[Correction, ...]]:
        """Return a question with all that is searched for its words, and which of them are taken to be misspelt."""
        if query.words is None:
            return query, ()
        index = self._vocabulary.index(query.words)
        return with_searched_words(query, query.words, index, self._inflections, self._speller, models)

    def _ranked(
        self, query: PreparedQuery, options: QueryOptions, candidates: Candidates, around: Sequence[PassageRow],
        models: AnswerModels, corrections: tuple[Correction, ...],
    ) -> Answer:  # fmt: skip
        generation = self._store.generation
        known = {one.key: one for one in (*around, *candidates.passages)}
        catalog = small_catalog(generation.model, list(known.values()), self._derived)
        with closing(catalog.db):
            shared = CandidateIndexes(
                catalog, candidates.statistics, self._background(generation, candidates),
                nearest=candidates.nearest, metric=self._metric, generation=_number(generation),
            )  # fmt: skip
            pipeline = _CandidatePipeline(catalog.db, Path(), catalog.model, shared)
            pipeline.corrections = corrections
            (answer,) = pipeline.answer([query], options, _unknown, models)
            return answer

    def _background(self, generation: Generation, candidates: Candidates) -> Matrix:
        """Return a sample of all vectors, read again when their number has changed."""
        state = generation.name, candidates.statistics.passages
        if self._sample is None or self._sample[:2] != state:
            self._sample = *state, self._store.sample(_SAMPLE)
        return self._sample[2]


class _CandidatePipeline(QueryPipeline):
    """Ranks candidates, for a question in which `corrections` are made already."""

    corrections: tuple[Correction, ...] = ()

    def _corrected(self, query: PreparedQuery, models: AnswerModels) -> tuple[PreparedQuery, tuple[Correction, ...]]:
        return query, self.corrections


def _inner_options(options: QueryOptions, passing: Passing) -> QueryOptions:
    """Return the options for the candidates: all of them pass, and the patterns that match nothing are reported."""
    if options.only is None:
        return options
    unmatched = [re.escape(f"\n{pattern}") for pattern in passing.unmatched]  # matches no URI
    return replace(options, only=DocumentFilter((".*", *unmatched), patterns=("*", *passing.unmatched)))


def _of_hits(candidates: Candidates, answer: Answer) -> list[PassageRow]:
    shown = {(hit.uri, hit.start) for hit in answer.hits}
    return [one for one in candidates.passages if (one.uri, one.start) in shown]


def _notes(options: QueryOptions, candidates: Candidates, answer: Answer) -> Iterator[str]:
    if candidates.is_cut and len(answer.hits) < options.k:
        yield _CUT.format(_MOST)


def _unknown(documents: Iterable[int]) -> Mapping[int, str]:
    """Return that it is not known whether the files are as they were read: they may be on another machine."""
    return dict.fromkeys(documents, _UNKNOWN)


def _number(generation: Generation) -> int:
    digits = re.search(r"\d+$", generation.name)
    return int(digits.group()) if digits else 0

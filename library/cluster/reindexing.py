"""Reindexing a library in Milvus: catch up with its sources, and where another index is wanted swap one in by alias."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from wherein.errors import Refused, UsageError, WhereinError
from wherein.evaluation.golden import ranked_documents
from wherein.ingest.index_swap import Check, compare
from wherein.ingest.progress.events import Report, Summary, summarize
from wherein.ingest.progress.reindex_report import ReindexRecorder, recorded
from wherein.library.cluster.pushing import Pusher, batches
from wherein.library.cluster.working_copy import working_copy
from wherein.library.ingesting import RunFactory
from wherein.library.reindexing import ReindexOptions, ReindexRun
from wherein.search.embedded import embed_question
from wherein.search.pipeline import PreparedQuery, QueryOptions
from wherein.search.query_syntax import parse_question
from wherein.search.results.postprocess import ResultOptions
from wherein.search.stored.pipeline import Passing, StoredPipeline
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.golden import GoldenRow, list_golden
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.index.choices import AUTO, EXACT, HNSW
from wherein.storage.index.method import choose_index, chosen_index
from wherein.storage.store.store import Generation, Store

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.embed.encoder import Encoder
    from wherein.ingest.run import IngestRun

__all__ = ["reindex", "roll_back", "swap_index"]

_OTHER_MODEL = "A library in Milvus stays with its model; to change to {}, ingest into a library of another name"
_NOTHING_BEFORE = "There is no earlier generation of the index to return to"
_DIFFERS = "The new index {} holds {:,} passages of {:,} documents, and not {:,} of {:,}; nothing was swapped"
_MISSES = "The new index {} finds only {:.0%} of what the present one finds; nothing was swapped"
# As in a folder: more numbers than these are searched by a graph where nothing else was chosen.
_MAX_EXACT_NUMBERS = 50_000 * 384
_QUESTIONS, _HITS, _LEAST_RECALL, _ROUNDING = 50, 10, 0.95, 1e-4


@dataclass(frozen=True)
class _Golden:
    """The golden questions of a library, with the encoder of its model."""

    rows: list[GoldenRow]
    encoder: Encoder

    def ranks(self, store: Store) -> dict[int, int]:
        """Return the rank of each question's document, by the row's id; 0 for one that is not found."""
        pipeline = StoredPipeline(store, self.encoder.model.metric)
        answers = {
            question: ranked_documents(question, partial(self._hits, pipeline))
            for question in {row.question for row in self.rows}
        }
        return {
            row.id: answers[row.question].index(row.uri) + 1 if row.uri in answers[row.question] else 0
            for row in self.rows
        }

    def _hits(self, pipeline: StoredPipeline, question: str, k: int) -> list[_Hit]:
        words = parse_question(question)
        query = PreparedQuery(question, words, embed_question(self.encoder, words.meaning))
        options = QueryOptions(k, "hybrid", None, ResultOptions())
        return [_Hit(hit.uri) for hit in pipeline.answer(query, options, Passing()).hits]


@dataclass(frozen=True)
class _Hit:
    uri: str


def reindex(store: Store, runs: RunFactory, options: ReindexOptions, report: Report, *, wait: bool = False) -> Summary:
    """Reindex the library; the report of it is kept, however it ends. Raises as `Library.reindex` does."""
    if options.model is not None:
        raise UsageError(_OTHER_MODEL.format(options.model))
    began = time.monotonic()
    with working_copy(store, report, wait=wait) as copy, closing(open_writer(copy.folder)) as db:
        watched, own = copy.watched(report), replace(runs, folder=copy.folder)
        with recorded(db, copy.folder, watched) as recorder:
            tally = _Reindex(db, own, options, recorder, watched, store, copy.pusher).run()
    tally = Counter(tally)
    tally["failed"] += copy.pusher.failed
    return summarize(tally, time.monotonic() - began)


class _Reindex(ReindexRun):
    """One reindex: the sources are walked as those of a folder, and the index is the store's."""

    def __init__(
        self, db: Database, runs: RunFactory, options: ReindexOptions, recorder: ReindexRecorder, report: Report,
        store: Store, pusher: Pusher,
    ) -> None:  # fmt: skip
        super().__init__(db, runs, options, recorder, report)
        self._store = store
        self._pusher = pusher

    def _renew_index(self, run: IngestRun) -> None:
        with self._recorder.stage("index") as notes:
            if self._options.index is not None:
                with writing(self._db, "reindex.index"):
                    choose_index(self._db, self._options.index)
            self._pusher.drain()
            golden = _Golden(list_golden(self._db), run.encoder)
            here = self._store.generation
            wanted = _index_for(chosen_index(self._db), self._store.count() * here.model.width)
            if wanted != (EXACT if here.index == AUTO else here.index):
                before = golden.ranks(self._store)
                check = Check(None, dict, {row.id: row.question for row in golden.rows}, self._options.margin)
                swap_index(self._store, wanted, lambda new: compare(before, golden.ranks(new), check))
                notes.append("a new one answers")
            self._recorder.ask(golden.rows, golden.ranks(self._store))

    def _clean_up(self) -> None:
        """Leave it to the store."""

    def _report_index_choice(self) -> None:
        """Say nothing: the store has the index that was chosen."""


def _index_for(chosen: str, numbers: int) -> str:
    """Return the index for so many numbers in all vectors."""
    if chosen != AUTO:
        return chosen
    return EXACT if numbers <= _MAX_EXACT_NUMBERS else HNSW


def swap_index(store: Store, index: str, check: Callable[[Store], object]) -> None:
    """Copy everything to a generation with another index, check it and answer from it; the present one is kept.

    Raises Refused, and the present one answers, when the new one does not hold or find what it should.
    """
    present = store.generation
    for generation in store.generations():
        if not generation.is_active:
            store.drop_generation(generation)
    new = store.begin_generation(present.model, index)
    target = store.at(new)
    for batch in batches(store.read(entry.uri for entry in store.documents())):
        target.upsert(batch)
    target.checkpoint()
    try:
        _check_content(store, target)
        check(target)
    except BaseException:
        store.drop_generation(new)
        raise
    store.publish_generation(new)


def _check_content(store: Store, target: Store) -> None:
    held, wanted = target.stats(), store.stats()
    if (held.passages, held.documents) != (wanted.passages, wanted.documents):
        counts = held.passages, held.documents, wanted.passages, wanted.documents
        raise Refused(_DIFFERS.format(target.generation.name, *counts))
    questions = store.sample(_QUESTIONS)[:_QUESTIONS]
    # By scores: of passages with one text any may be among the nearest.
    floors = [_lowest(store, question) for question in questions]
    found = sum(
        _lowest(target, question) >= floor - _ROUNDING for question, floor in zip(questions, floors, strict=True)
    )
    if found < _LEAST_RECALL * len(questions):
        raise Refused(_MISSES.format(target.generation.name, found / len(questions)))


def _lowest(store: Store, question: Matrix) -> float:
    """Return the score of the last of the nearest passages."""
    return min((one.score for one in store.search(question, _HITS)), default=0.0)


def roll_back(store: Store) -> str:
    """Answer from the generation before the active one, with the documents as they are now; return what answers.

    Raises WhereinError when there is none.
    """
    active, before = store.generation, list[Generation]()
    for generation in store.generations():
        if generation.is_active:
            break
        before.append(generation)
    if not before or before[-1].model != active.model:
        raise WhereinError(_NOTHING_BEFORE)
    earlier = before[-1]
    _bring_up_to_date(store, store.at(earlier))
    store.publish_generation(earlier)
    return f"the index {earlier.name} of {earlier.created_at} answers again"


def _bring_up_to_date(store: Store, earlier: Store) -> None:
    """Write to an earlier generation what has changed since, without embedding anything again."""
    now = {entry.uri: entry.version for entry in store.documents()}
    then = {entry.uri: entry.version for entry in earlier.documents()}
    for batch in batches(store.read(uri for uri, version in now.items() if then.get(uri) != version)):
        earlier.upsert(batch)
    earlier.delete([uri for uri in then if uri not in now])
    earlier.checkpoint()

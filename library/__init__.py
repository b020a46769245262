"""Library: open, ingest, query, reindex. The public Python API, and the only place that joins ingest and search.

from wherein.library import Library

library = Library(Path("~/notes.wherein").expanduser())
library.ingest(["~/notes"])
for hit in library.query("who may sign the lease?").hits:
    print(hit.score, hit.uri, hit.text)
"""

from __future__ import annotations

import glob
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypedDict

from wherein.embed.encoder import Encoder, Matrix
from wherein.embed.metric import distances
from wherein.embed.model import DEFAULT_MODEL, TOKENIZER, Model, checked, fingerprint, load_model
from wherein.embed.models.installed import find_model, model_of, models_folder
from wherein.embed.precision import resolve_precision
from wherein.embed.runtime import damaged_blobs
from wherein.errors import Damaged, ModelMismatch, Outdated, Stale, UsageError, WhereinError
from wherein.ingest.changes.freshness import Freshness, looks_stale
from wherein.ingest.progress.events import Progress, Report, RunProblem, Stopped, Summary, summarize
from wherein.ingest.progress.reindex_report import MARGIN
from wherein.ingest.uri import file_path, file_uri, web_address
from wherein.search.calibration import NO_GOOD_MATCH
from wherein.search.filters.parse import Filter, parse_filter
from wherein.search.hybrid import MODES, Ranker
from wherein.search.provenance import Provenance
from wherein.search.query_syntax import Question, parse_question
from wherein.search.results.postprocess import ResultOptions, gather, with_context
from wherein.search.results.sentences import with_sentences
from wherein.search.semantic import Hit, Searcher
from wherein.storage.catalog.backup_log import BackupRecord, older_backups
from wherein.storage.catalog.connection import (
    CATALOG,
    catalog_is_lost,
    checkpoint,
    open_reader,
    open_writer,
    snapshot,
    writing,
)
from wherein.storage.catalog.documents import (
    ChunkRow,
    StoredDocument,
    count_chunks,
    count_documents,
    delete_document,
    document_spans,
    document_text,
    find_document,
    list_documents,
)
from wherein.storage.catalog.exclusions import include
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.files import FileRecord, problem_files, read_files
from wherein.storage.catalog.golden import GoldenRow, add_golden, list_golden, remove_golden
from wherein.storage.catalog.models import (
    StoredModel,
    add_model,
    bind_model,
    bound_model,
    drop_earlier_model,
    earlier_model,
    model_folder,
    now,
    remember_model_folder,
)
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.reindex_runs import NightRecord, last_night
from wherein.storage.catalog.sources import Source, forget_source, list_sources, remember_source
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.catalog.vectors import count_live, count_orphans
from wherein.storage.cleanup.disk_usage import disk_use
from wherein.storage.cleanup.purge import finish_purge, purge, purge_is_unfinished
from wherein.storage.disk.lock import writer_lock
from wherein.storage.index.generations import (
    active_generation,
    has_earlier_generation,
    recount_if_due,
    roll_back,
    write_first_generations,
)
from wherein.storage.index.method import AUTO, CHOICES, choose_index
from wherein.storage.repair.findings import Finding, Repair, Verification

if TYPE_CHECKING:
    import sqlite3

    from sqlite_utils import Database

    from wherein.embed.answer_extractor import AnswerExtractor
    from wherein.evaluation.squad_beir import Evaluation
    from wherein.ingest.progress.dry_run import Plan, Sample
    from wherein.ingest.progress.reindex_report import ReindexRecorder
    from wherein.ingest.reembed import Reembedding
    from wherein.ingest.run import BulkRun
    from wherein.search.exact_answer import ExactAnswer
    from wherein.storage.backup.backup import Backup
    from wherein.storage.backup.restore import Restored
    from wherein.storage.catalog.coverage import Coverage, Covered
    from wherein.storage.index.generations import Generation
    from wherein.storage.repair.deep import Proof

__all__ = [
    "Answer",
    "Fields",
    "Filter",
    "Finding",
    "Hit",
    "Library",
    "Measured",
    "Progress",
    "Provenance",
    "Repair",
    "ResultOptions",
    "RunProblem",
    "Status",
    "StoredDocument",
    "Summary",
    "Verification",
    "evaluate",
    "parse_filter",
]  # fmt: skip

_QUESTIONS_AT_ONCE = 256
# How far a component may be from that of another run, as a part of the vector's length: w8a8 depends a little on what
# else is calculated.
_TOLERANCES = {"w8a8": 1e-2, "w8a32": 1e-4}


@dataclass(frozen=True)
class Answer:
    """The hits for a question, best first; `truncated` is the part of it that the model did not see.

    `notes` are sentences for the user: what else of the question was passed over, that no hit is a good match. `basis`
    tells from which generations and by which model it was answered.
    """

    question: str
    truncated: str
    hits: list[Hit]
    notes: tuple[str, ...] = ()
    basis: Provenance | None = None


@dataclass(frozen=True)
class Status:
    """What a library holds, and what is left to do.

    `delta` counts vectors that are not in the generation yet, `orphans` those without a passage, `stale` files that are
    gone or look changed since they were read. `bytes` is the size of all files, `parts` of each part. `night` is the
    last reindex: `began_at`, `ended_at` (UTC), `outcome` and its report.
    `index` tells how the generation is searched, `recall` which part of the ten nearest vectors it found on trial.
    """

    library: str
    documents: int
    chunks: int
    vectors: int
    delta: int
    generation: int | None
    model: str
    precision: str
    fingerprint: str
    problems: int
    sources: int
    bytes: int
    sqlite: str
    purge_unfinished: bool
    orphans: int
    stale: int
    golden: int
    parts: Mapping[str, int]
    night: Mapping[str, object] | None
    index: str
    recall: float


class Library:
    """A folder with everything that was taken in. Opening it costs nothing; each part is opened when it is needed.

    `precision` is `auto`, `w8a8` or `w8a32`; `auto` is what the library was begun with, else what this CPU does best.
    `model` is the name of an installed model or a model's folder; None is what the library was begun with, else the
    shipped one. `cache` is the folder for compiled models. `jobs` is how
    many processes read files, None what suits the machine. A given `encoder` is used in place of a model's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        precision: str = "auto",
        model: str | Path | None = None,
        cache: Path | None = None,
        threads: int = 0,
        jobs: int | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.folder = folder
        self._given = encoder
        self._chosen = model
        self._precision = precision
        self._cache = cache
        self._threads = threads
        self._jobs = jobs

    # Taking in.

    def ingest(
        self,
        sources: Sequence[str],
        *,
        exclude: Sequence[str] = (),
        max_size: int | None = None,
        fields: Fields = NO_FIELDS,
        until: datetime | None = None,
        report: Report = lambda _: None,
        look_ahead: bool = False,
        wait: bool = False,
    ) -> Summary:
        """Take in files, folders, glob patterns and web pages and remember them as sources; nothing is removed.

        `max_size` in bytes; `fields` are the names of text, id and title in CSV, JSON and JSONL. With `look_ahead` the
        sources are walked twice, so that the progress tells the total. At the moment `until` the run stops.
        Raises UsageError for a path that does not exist, LibraryBusy while another writes.
        """
        places = {web_address(name) or _place(name): "web" if web_address(name) else "path" for name in sources}

        def work(db: Database, run: BulkRun) -> None:
            with writing(db, "ingest.sources"):
                for place, kind in places.items():
                    include(db, place if kind == "web" else file_uri(place))
                    remember_source(db, place, kind, tuple(exclude), max_size, fields)
            known = [source for source in list_sources(db) if source.uri in places]
            if look_ahead:
                run.look_ahead(known)
            run.take_in(known)

        return self._write(work, report, wait, until)

    def plan(
        self,
        sources: Sequence[str],
        *,
        exclude: Sequence[str] = (),
        max_size: int | None = None,
        fields: Fields = NO_FIELDS,
        report: Report = lambda _: None,
    ) -> Plan:
        """Return what `ingest` would do, and how long it would take here; nothing is written, not even a library.

        Some of the passages are embedded to measure the time. Raises UsageError for a path that does not exist.
        """
        from wherein.ingest.changes.vanished import vanished
        from wherein.ingest.progress.dry_run import Plan, Sample

        places = {web_address(name) or _place(name): "web" if web_address(name) else "path" for name in sources}
        sample = Sample()
        with self._looked_at() as (db, encoder, model):
            kept = {source.uri: source for source in list_sources(db)}
            known = [
                Source(kept[place].id if place in kept else 0, place, kind, tuple(exclude), max_size, "", fields)
                for place, kind in places.items()
            ]
            run = self._run(db, model, encoder, report, sample)
            run.named = frozenset(file_uri(place) if kind == "path" else place for place, kind in places.items())
            run.take_in(known)
            gone = vanished(db, known, run.seen, run.walk_errors, lambda *_: None, accept=True)
        lost = sum(record.documents for record in gone if record.uri not in run.adopted)
        names = ("new", "changed", "moved", "unchanged", "removed", "skipped", "failed", "chunks", "embedded", "reused")
        counts = {name: run.tally[name] for name in names}
        return Plan(**counts, gone=lost, tokens=sample.tokens, seconds=round(sample.seconds(encoder), 1))

    @contextmanager
    def _looked_at(self) -> Iterator[tuple[Catalog, Encoder, StoredModel]]:
        """The catalogue to be read, an empty one where there is no library, with its model."""
        if (self.folder / CATALOG).exists() or catalog_is_lost(self.folder):
            db: Catalog = self._reader
            bound = bound_model(db)
            if bound is not None:
                yield db, self._encoder(bound, _home(db)), bound
                return
        model = self._model(None)
        encoder = self._given or Encoder(model, self._resolved(model), cache=self._cache, threads=self._threads)
        with TemporaryDirectory() as folder, closing(open_writer(Path(folder))) as empty:
            with writing(empty, "model.bind"):
                bound = bind_model(empty, **_described(encoder))
            yield empty, encoder, bound

    def _run(
        self, db: Any, model: StoredModel, encoder: Encoder, report: Report, plan: Sample | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> BulkRun:  # fmt: skip
        from wherein.ingest.run import BulkRun  # with every reader: a question need not wait for them
        from wherein.ingest.workers.pool import Pool

        return BulkRun(db, self.folder, model, encoder, report, stop, Pool(self._jobs), plan)

    def ingest_stream(
        self,
        name: str,
        data: bytes,
        *,
        fields: Fields = NO_FIELDS,
        max_size: int | None = None,
        report: Report = lambda _: None,
        wait: bool = False,
    ) -> Summary:
        """Take in one text that came from elsewhere, as `stdin:name`; the same name replaces it.

        `max_size` in bytes.
        """
        uri = f"stdin:{name}"

        def work(db: Database, run: BulkRun) -> None:
            with writing(db, "ingest.sources"):
                include(db, uri)
                remember_source(db, uri, "stdin", (), max_size, fields)
            run.take_in_stream(next(source for source in list_sources(db) if source.uri == uri), name, data)

        return self._write(work, report, wait)

    def reindex(
        self,
        *,
        model: str | None = None,
        index: str | None = None,
        accept_removals: bool = False,
        margin: float = MARGIN,
        until: datetime | None = None,
        report: Report = lambda _: None,
        look_ahead: bool = False,
        wait: bool = False,
    ) -> Summary:
        """Catch up with the remembered sources, remove what is gone from them, and swap in a new index if it is fit.

        `report` is told of each `Stage` and at last of the `ReindexReport`, which the library keeps. When a fifth of
        a source is gone nothing of it is removed, unless with `accept_removals`. A new index must hold what is stored,
        find what exact search finds, and answer the golden questions no worse than by `margin` points of their mean
        reciprocal rank: else Refused is raised and the old one stays. At the moment `until` the run stops; the next one
        goes on.

        With `model`, a name or a folder, every passage is embedded with that model, at the precision that was asked
        for, else the library's own. Until that is done the old model answers; its vectors stay, see `roll_back` and
        `finish`. `index` is how vectors are searched from now on: `exact`, approximately by lists (`ivf`) or a graph
        (`hnsw`), or `auto`, by their number. Raises UsageError when there is no such model or index.
        """
        from wherein.ingest.progress.reindex_report import recorded

        self._must_exist()
        if index not in (None, *CHOICES):
            raise UsageError(f"There is no index {index}; there are {', '.join(CHOICES)}")
        if model is not None and self._given is None:
            find_model(model, models_folder())
        began, lost = time.monotonic(), list[str]()
        stop = partial(_is_over, until)
        with self._writer(wait, lost.append) as db, recorded(db, self.folder, report) as night:
            change = partial(self._change, db, model, night, margin, stop, report, look_ahead)
            # A change that takes more than a night must not keep the library from catching up meanwhile.
            present = self._at_hand(db) if until is not None and model is not None else None
            done = {} if present else change()
            if night.stopped:
                return summarize(Counter(done), time.monotonic() - began)
            run = self._begin(db, report, lost, stop, present)
            run.tally.update(done)
            self._catch_up(db, run, night, accept_removals, report, look_ahead)
            if run.stopped:
                night.stopped = _TIME_IS_UP
                return summarize(run.tally, time.monotonic() - began)
            self._renew(db, run, night, margin, index)
            if index and (what := _not_as_chosen(index, active_generation(db))):
                report(RunProblem("skipped", f"--index {index}", what))
            if present:
                run.tally.update(change())
            return summarize(run.tally, time.monotonic() - began)

    def _catch_up(
        self,
        db: Database,
        run: BulkRun,
        night: ReindexRecorder,
        accept_removals: bool,
        report: Report,
        look_ahead: bool,
    ) -> None:
        from wherein.ingest.changes.vanished import remove_vanished

        sources = [source for source in list_sources(db) if source.kind != "stdin"]

        def on_kept(place: str, why: str) -> None:
            if file_uri(place) in run.walk_errors:  # it is counted already
                report(RunProblem("failed", place, why))
            else:
                run.problem("failed", place, why)

        with night.stage("ingest") as said:
            if look_ahead:
                run.look_ahead(sources)
            run.take_in(sources)
            run.take_up()
            counts = ("new", "changed", "moved", "unchanged", "embedded")
            said += [f"{run.tally[kind]:,} {kind}" for kind in counts if run.tally[kind]]
        if run.stopped:
            return
        with night.stage("remove") as said:
            gone = remove_vanished(db, sources, run.seen, run.walk_errors, on_kept, accept=accept_removals)
            run.tally["removed"] += gone
            said += [f"{gone:,} removed"] if gone else []

    def _renew(self, db: Database, run: BulkRun, night: ReindexRecorder, margin: float, index: str | None) -> None:
        """Mend the index, swap in a new one where it is behind, and clean up."""
        from wherein.evaluation.golden import GoldenQuestions
        from wherein.ingest.index_swap import Check, renew
        from wherein.storage.cleanup.tidy import tidy
        from wherein.storage.repair.quarantine import Quarantine
        from wherein.storage.repair.repair_index import repair_index

        with night.stage("index") as said:
            if index is not None:
                with writing(db, "reindex.index"):
                    choose_index(db, index)
            for what in repair_index(db, self.folder, Quarantine(self.folder)):
                run.problem("failed", str(self.folder / "generations"), what)
            if (bound := bound_model(db)) is not None:
                rows = list_golden(db)
                golden = GoldenQuestions(rows, run.encoder)
                check = Check(_proof(run.encoder), partial(golden.ranks, db, self.folder, bound), golden.told, margin)
                if renew(db, self.folder, bound, check, night):
                    said.append("a new one answers")
                    night.ask(rows, check.ranks())
        with night.stage("clean up") as said:
            said += tidy(db, self.folder)

    def _change(
        self,
        db: Database,
        name: str | None,
        night: ReindexRecorder,
        margin: float,
        stop: Callable[[], bool],
        report: Report,
        look_ahead: bool,
    ) -> Mapping[str, int]:
        """Embed the library with another model, then switch to it; return what that adds to the tally."""
        from wherein.evaluation.golden import GoldenQuestions
        from wherein.ingest.index_swap import Check, compare
        from wherein.storage.repair.fitness import check_fitness

        if name is None:
            return {}
        bound = bound_model(db)
        encoder = self._other_encoder(name, bound)
        if bound and encoder.fingerprint == bound.fingerprint:
            return {}
        if bound is None:
            with writing(db, "model.bind"):
                bind_model(db, **_described(encoder))
                remember_model_folder(db, _folder_to_keep(encoder))
            return {}
        with night.stage("change the model") as said:
            rows, present = list_golden(db), self._at_hand(db)
            run = self._reembedding(db, bound, encoder, report, stop)
            if look_ahead:
                run.look_ahead()
            run.embed()
            said.append(f"{run.tally['embedded']:,} passages embedded")
            if run.stopped:
                night.stopped = _TIME_IS_UP
                said.append(f"{bound.name} still answers")
                return run.tally
            before = GoldenQuestions(rows, present).ranks(db, self.folder, bound) if present else {}
            golden = GoldenQuestions(rows, encoder)
            check = Check(_proof(encoder), partial(golden.ranks, db, self.folder, run.model), golden.told, margin)

            def passed(generation: Generation) -> None:
                night.fitness = check_fitness(db, self.folder, run.model, generation, check.proof)
                compare(before, check.ranks(), check)

            run.switch(self.folder, _folder_to_keep(encoder), passed)
            night.ask(rows, check.ranks())
            said.append(f"{encoder.model.name} answers")
        return run.tally

    def _reembedding(
        self, db: Database, bound: StoredModel, encoder: Encoder, report: Report, stop: Callable[[], bool]
    ) -> Reembedding:
        from wherein.ingest.reembed import Reembedding

        with writing(db, "reembed.begin"):
            other = add_model(db, **_described(encoder))
        return Reembedding(db, other, encoder, self._cuts_otherwise(db, bound, encoder), report, stop)

    def _at_hand(self, db: Database) -> Encoder | None:
        """Return the encoder of the library's model, None when that is not at hand."""
        bound = bound_model(db)
        with suppress(WhereinError):
            return self._encoder_of(bound, _home(db)) if bound else None
        return None

    def roll_back(self, *, report: Report = lambda _: None, wait: bool = False) -> str:
        """Return to the index before the present one, else to the model before it; say what answers now.

        Documents are left alone; what came since is embedded with the earlier model where it has to be. Raises
        WhereinError when there is nothing to return to.
        """
        self._must_exist()
        with self._writer(wait) as db:
            bound, earlier = bound_model(db), earlier_model(db)
            if bound is None:
                raise WhereinError(_EMPTY)
            if earlier is None or has_earlier_generation(db, bound):
                generation = roll_back(db, bound)
                return f"the index {generation.file} of {generation.created_at} answers again"
            model, folder = earlier
            encoder = self._encoder_of(model, Path(folder) if folder else None)
            run = self._reembedding(db, bound, encoder, report, lambda: False)
            run.embed()
            run.switch(self.folder, folder)
            return f"the model {model.name} at {model.precision} answers again"

    def finish(self, *, wait: bool = False) -> int:
        """Delete the vectors of the model that the library had before its present one; return how many.

        There is no way back to it then. Raises WhereinError when there is no such model.
        """
        from wherein.storage.cleanup.tidy import tidy

        self._must_exist()
        with self._writer(wait) as db:
            earlier = earlier_model(db)
            if earlier is None:
                raise WhereinError("There is no earlier model whose vectors are kept")
            with writing(db, "earlier-model.drop"):
                gone = drop_earlier_model(db, earlier[0])
            tidy(db, self.folder)
        return gone

    def _encoder_of(self, stored: StoredModel, home: Path | None) -> Encoder:
        """Return the encoder of a model that the library knows. Raises ModelMismatch when it is not installed."""
        model = model_of(stored.fingerprint, stored.precision, stored.name, models_folder(), home)
        encoder = self._given or Encoder(model, stored.precision, cache=self._cache, threads=self._threads)
        if encoder.fingerprint != stored.fingerprint:
            raise ModelMismatch(
                f"The model {stored.name} {stored.fingerprint} is not installed any more; install it, or go on with the"
                " present one"
            )
        return encoder

    # Golden questions.

    def add_golden(self, question: str, name: str, *, wait: bool = False) -> GoldenRow:
        """Keep a question with the document that answers it; each reindex that changes the index asks it.

        `name` is the document's uri, path or number. Raises UsageError when there is no such document.
        """
        if not question.strip():
            raise UsageError("The question is empty")
        self._must_exist()
        with self._writer(wait) as db:
            return add_golden(db, question.strip(), self._find(db, name).uri)

    def golden(self) -> list[GoldenRow]:
        """Return the golden questions, the oldest first."""
        with snapshot(self._reader) as db:
            return list_golden(db)

    def remove_golden(self, name: str, *, wait: bool = False) -> list[GoldenRow]:
        """Forget a golden question, by its number or its text. Raises UsageError when there is none."""
        self._must_exist()
        with self._writer(wait) as db:
            rows = list_golden(db)
            found = [row for row in rows if str(row.id) == name] or [row for row in rows if row.question == name]
            if not found:
                raise UsageError(f"There is no golden question {name}; see: wherein golden list")
            for row in found:
                remove_golden(db, row.id)
        return found

    def _other_encoder(self, name: str, bound: StoredModel | None) -> Encoder:
        if self._given and self._given.model.name == name:
            return self._given
        precision = bound.precision if bound and self._precision == "auto" else resolve_precision(self._precision)
        return Encoder(find_model(name, models_folder()), precision, cache=self._cache, threads=self._threads)

    def _cuts_otherwise(self, db: Database, bound: StoredModel, encoder: Encoder) -> bool:
        """Whether a text may be cut at other places for `encoder`; also when the library's model is not at hand."""
        with suppress(Damaged):
            model = model_of(bound.fingerprint, bound.precision, bound.name, models_folder(), _home(db))
            if fingerprint(model, bound.precision) == bound.fingerprint:
                return (model.sha256[TOKENIZER], model.context_tokens) != (
                    encoder.model.sha256[TOKENIZER],
                    encoder.model.context_tokens,
                )
        return True

    def _write(
        self, work: Callable[[Database, BulkRun], None], report: Report, wait: bool, until: datetime | None = None
    ) -> Summary:
        began, lost = time.monotonic(), list[str]()
        with self._writer(wait, lost.append) as db:
            run = self._begin(db, report, lost, partial(_is_over, until))
            work(db, run)
            if run.stopped:
                report(Stopped(_TIME_IS_UP))
            write_first_generations(db, self.folder, run.model)
        return summarize(run.tally, time.monotonic() - began)

    def _begin(
        self,
        db: Database,
        report: Report,
        lost: Sequence[str],
        stop: Callable[[], bool],
        encoder: Encoder | None = None,
    ) -> BulkRun:
        """Return a run, with the library's encoder if none is given, that has told what a damaged log held."""
        encoder, model = self._encoder_for(db) if encoder is None else (encoder, bound_model(db))
        assert model is not None
        recount_if_due(db)
        run = self._run(db, model, encoder, report, stop=stop)
        for what in lost:
            run.problem("failed", f"{CATALOG}-wal", what)
        return run

    # Asking.

    def query(
        self,
        question: str,
        k: int = 5,
        *,
        mode: str = "hybrid",
        only: Filter | None = None,
        aids: ResultOptions = ResultOptions(),  # noqa: B008
    ) -> Answer:
        """Return the `k` best passages of the documents that pass `only`, made ready for a reader.

        The best are by `semantic` those nearest in meaning, by `keyword` those whose words fit; `hybrid` takes both
        into account. In the latter two "words in quotes" must occur one after another, and passages with a -word are
        left out. Raises WhereinError when nothing was taken in yet, UsageError when `only` asks for a field that no
        document has, Stale when only fresh passages are wanted and none is.
        """
        _check_asked(question, mode, aids)
        try:
            answer, stale = self._ask(question, k, mode, only, aids)
        except ModelMismatch:  # perhaps because it was moved to another model since it was opened
            self._forget()
            answer, stale = self._ask(question, k, mode, only, aids)
        if stale and not answer.hits:
            raise Stale(_STALE)
        return answer

    def _ask(self, question: str, k: int, mode: str, only: Filter | None, aids: ResultOptions) -> tuple[Answer, int]:
        asked = None if mode == "semantic" else parse_question(question)
        if not _encoded(mode, aids):
            return self._answer(_Put(question, asked), k, mode, only, aids)
        encoder = self._asking
        encoder.prepare()
        (self._searcher if mode == "semantic" else self._ranking).refresh()  # while the network is loaded
        vector, tokens = encoder.encode_question(asked.meaning if asked else question)
        return self._answer(_Put(question, asked, vector, encoder, tokens.cut), k, mode, only, aids)

    def query_many(
        self,
        questions: Iterable[str],
        k: int = 5,
        *,
        mode: str = "hybrid",
        only: Filter | None = None,
        aids: ResultOptions = ResultOptions(),  # noqa: B008
    ) -> Iterator[Answer]:
        """Yield an answer for each question, in order; the questions are encoded many at a time.

        As `query`, except that an answer without a fresh passage is an empty one.
        """
        waiting = iter(questions)
        while part := list(islice(waiting, _QUESTIONS_AT_ONCE)):
            for question in part:
                _check_asked(question, mode, aids)
            ready = self._put(part, mode, aids)
            for place in range(len(part)):
                try:
                    answer, _ = self._answer(ready[place], k, mode, only, aids)
                except ModelMismatch:  # as in `query`
                    self._forget()
                    ready = self._put(part, mode, aids)
                    answer, _ = self._answer(ready[place], k, mode, only, aids)
                yield answer

    def _put(self, questions: Sequence[str], mode: str, aids: ResultOptions) -> list[_Put]:
        """Make many questions ready at once."""
        asked = [None if mode == "semantic" else parse_question(question) for question in questions]
        if not _encoded(mode, aids):
            return [_Put(question, words) for question, words in zip(questions, asked, strict=True)]
        encoder = self._encoder(*self._bound)
        texts = [words.meaning if words else question for question, words in zip(questions, asked, strict=True)]
        return [
            _Put(question, words, vector, encoder, encoder.tokenizer.question(text).cut)
            for question, words, text, vector in zip(
                questions, asked, texts, encoder.encode_questions(texts), strict=True
            )
        ]

    def _answer(self, put: _Put, k: int, mode: str, only: Filter | None, aids: ResultOptions) -> tuple[Answer, int]:
        """Return the answer to a question, and how many passages were left out because they are stale."""
        freshness = Freshness(self._reader)
        hits, stale = gather(
            lambda wanted: self._found(put, wanted, mode, only),
            k,
            aids,
            lambda hit: freshness.of_document(hit.document),
        )
        if aids.context:
            with snapshot(self._reader) as db:
                hits = [with_context(db, hit, aids.context) for hit in hits]
        if aids.sentence and put.encoder is not None and put.vector is not None:
            hits = with_sentences(hits, put.vector, put.encoder.encode_contexts)
        basis = (self._searcher if mode == "semantic" else self._ranking).basis
        notes = (*_notes(put.asked), *_doubts(hits))
        return Answer(put.question, "" if mode == "keyword" else put.cut, hits, notes, basis), stale

    def _found(self, put: _Put, k: int, mode: str, only: Filter | None) -> list[Hit]:
        """Return the best passages by the mode."""
        if mode == "keyword":
            assert put.asked is not None
            return self._ranking.by_keywords(put.asked, k, only)
        assert put.vector is not None
        if mode == "semantic":
            return self._searcher.search(put.vector, k, only)
        assert put.asked is not None
        assert put.encoder is not None
        return self._ranking.search(put.asked, put.vector, put.encoder.model.metric, k, only)

    def evaluate(
        self, path: Path, *, modes: Sequence[str] = ("hybrid",), report: Callable[[str], None] = lambda _: None
    ) -> Iterator[Measured]:
        """Ask the questions of a golden file (JSON lines: `question`, `documents`) and measure, in each mode.

        Raises UsageError for a line that is wrong, WhereinError when the extra is missing.
        """
        from wherein.evaluation.golden import evaluate_golden, pin, read_golden
        from wherein.evaluation.measures import require_measures, require_stats

        require_measures()
        if len(modes) > 1:
            require_stats()
        questions = pin(path, read_golden(path), (document.uri for document in self.documents()))
        encoder = self._asking
        for mode in modes:
            ask = partial(self._hits, mode=mode)
            found = evaluate_golden(questions, ask, count_chunks(self._reader), report)
            missing = tuple(dict.fromkeys(name for golden in questions for name in golden.missing))
            yield Measured(found, encoder.model.name, str(self.folder), encoder.precision, mode, missing)

    def _hits(self, question: str, k: int, mode: str) -> list[Hit]:
        return self.query(question, k, mode=mode).hits

    def answers(self, found: Answer) -> list[ExactAnswer | None]:
        """Return for each hit the words in it that answer the question best, by the installed reader.

        None for a passage without words. Raises WhereinError, which tells how to get one, when there is no reader.
        """
        from wherein.search.exact_answer import exact_answers  # most questions have no use for it

        return exact_answers(self._answering, found.question, found.hits)

    @cached_property
    def _answering(self) -> AnswerExtractor:
        from wherein.embed.answer_extractor import AnswerExtractor, installed_extractor

        # At the library's own precision, so that a copy answers the same elsewhere.
        return AnswerExtractor(installed_extractor(), self._asking.precision, cache=self._cache, threads=self._threads)

    @cached_property
    def _reader(self) -> sqlite3.Connection:
        self._must_exist()
        try:
            return open_reader(self.folder)
        except Outdated:
            with self._writer(wait=True) as db:  # which migrates it
                if model := bound_model(db):
                    write_first_generations(db, self.folder, model)
            return open_reader(self.folder)

    @cached_property
    def _asking(self) -> Encoder:
        """The encoder of single questions."""
        return self._encoder(*self._bound, one_by_one=True)

    @cached_property
    def _searcher(self) -> Searcher:
        bound, _ = self._bound
        return Searcher(self._reader, self.folder, bound, self._asking.model.metric)

    @cached_property
    def _ranking(self) -> Ranker:
        with snapshot(self._reader) as db:
            bound = bound_model(db)
            if bound is None and not count_documents(db):
                raise WhereinError(_EMPTY)
        return Ranker(self._reader, self.folder, bound)

    @property
    def _bound(self) -> tuple[StoredModel, Path | None]:
        """The model that a question is asked with, and where it was. Raises WhereinError when there is none."""
        with snapshot(self._reader) as db:
            bound, home = bound_model(db), _home(db)
        if bound is None:
            raise WhereinError(_EMPTY if not count_documents(self._reader) else _NO_VECTORS)
        return bound, home

    def _forget(self) -> None:
        """Drop what was opened to ask: it may be that of another model or of an earlier library."""
        for name in ("_asking", "_answering", "_searcher", "_ranking"):
            self.__dict__.pop(name, None)

    # Looking after it.

    def status(self) -> Status:
        """Return what the library holds, as of one committed state."""
        with snapshot(self._reader) as db:
            bound, generation, parts = bound_model(db), active_generation(db), disk_use(self.folder)
            highest = generation.highest_id if generation else 0
            return Status(
                library=str(self.folder),
                documents=count_documents(db),
                chunks=count_chunks(db),
                vectors=count_live(db, bound.id) if bound else 0,
                delta=count_live(db, bound.id, highest) if bound else 0,
                generation=generation.id if generation else None,
                model=bound.name if bound else "",
                precision=bound.precision if bound else "",
                fingerprint=bound.fingerprint if bound else "",
                problems=len(problem_files(db)),
                sources=len(list_sources(db)),
                bytes=sum(parts.values()),
                sqlite=str(db.execute("SELECT sqlite_version()").fetchone()[0]),
                purge_unfinished=purge_is_unfinished(db),
                orphans=count_orphans(db),
                stale=sum(map(looks_stale, read_files(db))),
                golden=len(list_golden(db)),
                parts=parts,
                night=_told(last_night(db)),
                index=generation.method.name if generation else "",
                recall=round(generation.method.recall, 4) if generation else 1.0,
            )

    def verify(self, *, deep: bool = False) -> Verification:
        """Look for damage in every file of the library, its model and its compiled graphs; nothing is changed.

        With `deep` the index is compared with the stored vectors, a sample of these with the model's, and the source
        files with what was read from them. What is damaged is returned, not raised.
        """
        from wherein.storage.repair.verify import verify  # a question need not wait for it

        self._must_exist()
        bound, home = None, None
        with suppress(Damaged), snapshot(self._reader) as db:
            bound, home = bound_model(db), _home(db)
        proof = self._proof(bound, home) if deep and bound else None
        found = verify(self.folder, deep=deep, proof=proof)
        others = [*self._check_model(bound, home), *self._check_compiled(), *(self._check_sources() if deep else ())]
        return replace(found, findings=(*found.findings, *others))

    def repair(self, *, wait: bool = False) -> Repair:
        """Make anew what is derived, put aside what is damaged, and name what is lost. Needs no model.

        Raises Damaged when nothing can be saved.
        """
        from wherein.storage.repair.repair import repair

        self._must_exist()
        with writer_lock(self.folder, wait), translating_errors():
            done = repair(self.folder, lambda uri: os.path.lexists(file_path(uri) or ""))
        self._forget()
        self.__dict__.pop("_reader", None)  # it may look at the catalogue that was put aside
        return replace(done, left=tuple(found for found in self.verify().findings if not found.harmless))

    def _proof(self, bound: StoredModel, home: Path | None) -> Proof | None:
        try:
            return _proof(self._encoder(bound, home))
        except (Damaged, ModelMismatch):  # told by _check_model
            return None

    def _check_model(self, bound: StoredModel | None, home: Path | None) -> Iterator[Finding]:
        try:
            model = self._model(bound, home)
            if self._given is None or isinstance(self._given, Encoder):
                for name in model.sha256:
                    checked(model, name)
        except Damaged as error:
            place, what = str(self._model_folder(bound, home)), str(error).rpartition("; ")[0]
            yield Finding("model", place, what, "install the model again")
            return
        if bound and fingerprint(model, bound.precision) != bound.fingerprint:
            what = f"it is not the model that the library was made with ({bound.name} {bound.fingerprint})"
            remedy = f"install that model, or change over with: wherein reindex --model {model.name}"
            yield Finding("model", str(model.folder), what, remedy)

    def _check_compiled(self) -> Iterator[Finding]:
        for path in damaged_blobs(self._cache) if self._cache else ():
            yield Finding("compiled model", str(path), "it is damaged", "nothing to do: it is made anew", True)

    def _check_sources(self) -> Iterator[Finding]:
        from wherein.ingest.changes.unchanged import changed_unseen

        with suppress(Damaged), snapshot(self._reader) as db:
            fields = {source.id: source.fields for source in list_sources(db)}
            for record in read_files(db):
                if changed_unseen(record, fields.get(record.source_id or 0, NO_FIELDS)):
                    yield Finding("source", record.uri, "it has another content than was read, under the same size and"
                                  " times", "look at it, touch it, and run: wherein reindex")  # fmt: skip

    def documents(self) -> Iterator[StoredDocument]:
        """Yield every document by uri."""
        after = ""
        while True:
            with snapshot(self._reader) as db:  # no transaction is left open while the caller looks at a document
                page = list_documents(db, after)
            yield from page
            if not page:
                return
            after = page[-1].uri

    def problems(self) -> list[FileRecord]:
        """Return the files that were skipped or failed when they were last looked at."""
        with snapshot(self._reader) as db:
            return problem_files(db)

    def document(self, name: str) -> tuple[StoredDocument, str, list[ChunkRow]]:
        """Return a document, its text and its chunks; `name` is its uri, path or number."""
        with snapshot(self._reader) as db:
            found = self._find(db, name)
            return found, document_text(db, found.id), document_spans(db, found.id)

    def coverage(self, name: str | None = None) -> Coverage | Covered | None:
        """Return how much of a document, or of all, the model could make something of; None where it was not measured.

        `name` is the document's uri, path or number.
        """
        from wherein.storage.catalog.coverage import coverage_of, covered

        with snapshot(self._reader) as db:
            return covered(db) if name is None else coverage_of(db, self._find(db, name).id)

    def remove_documents(
        self, names: Sequence[str], *, for_good: bool = False, wait: bool = False
    ) -> list[StoredDocument]:
        """Remove documents from the library; their files are left alone, and come back when they change.

        With `for_good` they do not come back, until they are named to `ingest` themselves, and no byte of their text
        and vectors is left in the library's files. Raises WhereinError when a reader delays that.
        """
        self._must_exist()
        with self._writer(wait) as db:
            found = [self._find(db, name) for name in names]
            if for_good:
                purge(db, found)
                if not finish_purge(db, self.folder):
                    raise WhereinError(_DELAYED)
            else:
                with writing(db, "documents.remove"):
                    for document in found:
                        delete_document(db, document.id)
        return found

    def damaged_copies(self) -> list[Path]:
        """Return the folders with what repairs put aside, the oldest first."""
        from wherein.storage.repair.quarantine import QUARANTINE

        return sorted((self.folder / QUARANTINE).glob("*"))

    def backups(self) -> list[BackupRecord]:
        """Return the backups that were written of this library, the oldest first."""
        with snapshot(self._reader) as db:
            return older_backups(db, now())

    def sources(self) -> list[Source]:
        """Return what reindex walks."""
        with snapshot(self._reader) as db:
            return list_sources(db)

    def remove_source(self, name: str, *, wait: bool = False) -> Source:
        """Stop following a source; its documents stay."""
        self._must_exist()
        with self._writer(wait) as db:
            wanted = {name, web_address(name), os.path.abspath(os.path.expanduser(name))}  # noqa: PTH100, PTH111 - odd bytes stay
            found = next((source for source in list_sources(db) if {source.uri, str(source.id)} & wanted), None)
            if found is None:
                raise UsageError(f"There is no source {name}; see: wherein sources list")
            with writing(db, "sources.remove"):
                forget_source(db, found.id)
        return found

    # Keeping a copy.

    def backup(self, target: Path, *, verify: bool = False, report: Callable[[str], None] = lambda _: None) -> Backup:
        """Write one committed state to `target`, a new folder or a `.tar.zst` file, while others read and write.

        What was written is read back; with `verify` it is restored on trial as well. `report` is told what is going
        on. Raises UsageError when `target` is taken, Damaged when the library is: then there is no backup.
        """
        from importlib.metadata import version

        from wherein.storage.backup.backup import write_backup

        return write_backup(self._reader, self.folder, target, version("wherein"), verify=verify, report=report)

    def restore(
        self,
        backup: Path,
        *,
        force: bool = False,
        index: bool = True,
        report: Callable[[str], None] = lambda _: None,
    ) -> Restored:
        """Put what is kept in `backup` in the library's place; with `force` a library there is moved aside.

        Without `index` a new one is made, whatever that of the backup is. Raises UsageError when there is a library
        without `force`, LibraryBusy while another writes to it, Damaged when the backup is not what was written.
        """
        from wherein.storage.backup.restore import restore_backup

        restored = restore_backup(backup, self.folder, force=force, index=index, report=report)
        self._forget()
        if reader := self.__dict__.pop("_reader", None):  # of the earlier library
            reader.close()
        return restored

    def _find(self, db: Catalog, name: str) -> StoredDocument:
        path = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111 - odd bytes stay
        found = find_document(db, name) or find_document(db, file_uri(path))
        if found is None:
            raise UsageError(f"There is no document {name}; see: wherein documents list")
        return found

    def _must_exist(self) -> None:
        if (self.folder / CATALOG).exists() or catalog_is_lost(self.folder):
            return
        from wherein.storage.backup.restore import put_aside

        aside = put_aside(self.folder)
        if aside and not self.folder.exists():
            raise WhereinError(
                f"There is no library at {self.folder}, because a restore was interrupted; run it again, or rename"
                f" {aside} to get the earlier library back"
            )
        raise WhereinError(f"There is no library at {self.folder}; make one with: wherein ingest FOLDER")

    @contextmanager
    def _writer(self, wait: bool, lost: Callable[[str], None] = lambda _: None) -> Iterator[Database]:
        """Open the catalogue for writing; `lost` is told what a damaged log held."""
        from wherein.storage.repair.damaged_log import lost_commits

        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WhereinError(f"The library {self.folder} cannot be made: {error.strerror}") from error
        with writer_lock(self.folder, wait), translating_errors():
            if what := lost_commits(self.folder):
                lost(what)
            db = open_writer(self.folder)
            try:
                if purge_is_unfinished(db):
                    finish_purge(db, self.folder)
                yield db
            finally:
                try:
                    checkpoint(db)
                finally:
                    db.close()

    def _encoder_for(self, db: Database) -> tuple[Encoder, StoredModel]:
        """Return the encoder of the library's model, after binding a new library to the default one."""
        bound = bound_model(db)
        if bound is None:
            model = self._model(None)
            encoder = self._given or Encoder(model, self._resolved(model))
            with writing(db, "model.bind"):
                bound = bind_model(db, **_described(encoder))
                if self._chosen is not None:
                    remember_model_folder(db, _folder_to_keep(encoder))
        return self._encoder(bound, _home(db)), bound

    def _encoder(self, bound: StoredModel, home: Path | None, *, one_by_one: bool = False) -> Encoder:
        """Return the encoder of the library's model, which was last in the folder `home`; cheap until it is used."""
        if self._precision not in ("auto", bound.precision):
            raise ModelMismatch(
                f"This library was made at precision {bound.precision} and cannot be used at {self._precision};"
                f" leave --precision out, or embed it again: wherein --precision {self._precision} reindex --model"
                f" {bound.name}"
            )
        encoder = self._given or Encoder(
            self._model(bound, home), bound.precision, cache=self._cache, threads=self._threads, one_by_one=one_by_one
        )
        if encoder.fingerprint != bound.fingerprint:
            raise ModelMismatch(self._other_model(bound, encoder))
        return encoder

    def _model(self, bound: StoredModel | None, home: Path | None = None) -> Model:
        """Return the model that was given or chosen, else the library's, or what is there in its place."""
        if self._given:
            return self._given.model
        if self._chosen is not None:
            return find_model(self._chosen, models_folder())
        if bound is None:
            return load_model()
        return model_of(bound.fingerprint, bound.precision, bound.name, models_folder(), home)

    def _model_folder(self, bound: StoredModel | None, home: Path | None) -> Path:
        """Return where the model lies whose manifest cannot be read, or whose files are damaged."""
        if self._given:
            return self._given.model.folder
        installed = models_folder() / (str(self._chosen) if self._chosen else bound.name if bound else "")
        if self._chosen is None and home:
            return home
        return installed if (installed / "model.json").exists() else DEFAULT_MODEL

    def _resolved(self, model: Model) -> str:
        """Return a new library's precision: what was asked for, else what was measured, else what the CPU says."""
        if self._precision == "auto" and self._cache:
            from wherein.embed.models.benchmark import quickest

            if measured := quickest(self._cache, model):
                return measured
        return resolve_precision(self._precision)

    def _other_model(self, bound: StoredModel, encoder: Encoder) -> str:
        way = "leave --model out" if self._chosen is not None else "install that model again"
        return (
            f"This library was made with {bound.name} {bound.fingerprint}, but the model here is {encoder.model.name}"
            f" {encoder.fingerprint}; {way}, or change over with: wherein reindex --model"
            f" {self._chosen or encoder.model.name}"
        )


def _proof(encoder: Encoder) -> Proof:
    from wherein.storage.repair.deep import Proof

    return Proof(
        lambda texts, stored: distances(encoder.model.metric, encoder.encode_contexts(texts), stored),
        _TOLERANCES[encoder.precision],
    )


def _is_over(until: datetime | None) -> bool:
    return until is not None and datetime.now(UTC) >= until


def _home(db: Catalog) -> Path | None:
    """Return the folder from which the library's model was last taken, None where that was the shipped one's."""
    folder = model_folder(db)
    return Path(folder) if folder and (Path(folder) / "model.json").exists() else None


def _folder_to_keep(encoder: Encoder) -> str:
    folder = encoder.model.folder
    return "" if folder == DEFAULT_MODEL else str(folder.absolute())


def _told(night: NightRecord | None) -> Mapping[str, object] | None:
    if night is None:
        return None
    try:
        report = json.loads(night.report)
    except ValueError as error:
        raise Damaged("The report of the last reindex is damaged; run: wherein verify") from error
    return {"began_at": night.began_at, "ended_at": night.ended_at, "outcome": night.outcome, "report": report}


class _Described(TypedDict):
    fingerprint: str
    name: str
    version: str
    precision: str
    dimension: int


def _described(encoder: Encoder) -> _Described:
    """Return an encoder's model as the library keeps it."""
    model = encoder.model
    return _Described(
        fingerprint=encoder.fingerprint,
        name=model.name,
        version=model.version,
        precision=encoder.precision,
        dimension=model.width,
    )


def _not_as_chosen(index: str, made: Generation | None) -> str:
    """Return why the index is not the one that was chosen, "" if it is."""
    if made is None or index in (AUTO, made.method.name):
        return ""
    return _TOO_FEW if made.method.asked != index else _MISSES


_TOO_FEW = "there are so few vectors that they are searched exactly; it is used once there are more"
_MISSES = "it would miss too many of these vectors, so they are searched exactly; wherein status tells the index"
_NO_GOOD_MATCH = "no good match; what follows is the nearest there is"
_TOO_LONG = "the question is too long; of its words only the first ones were looked up"
_STALE = (
    "Passages were found, but none is fresh: their files have changed or are gone since they were read; catch up with:"
    " wherein reindex"
)
_TIME_IS_UP = "the time was up; the same command goes on"
_EMPTY = "This library is empty; fill it with: wherein ingest FOLDER"
_NO_VECTORS = "This library's vectors were lost; calculate them again with: wherein reindex"
_DELAYED = (
    "The documents are removed, but a process that is reading holds on to the log, which still has their text;"
    " the next command that writes finishes it, for instance: wherein reindex"
)


@dataclass(frozen=True)
class Measured:
    """What one mode of one model, or of a library, finds. `missing` are documents that are in no library."""

    evaluation: Evaluation
    model: str
    folder: str
    precision: str
    mode: str
    missing: tuple[str, ...] = ()


def evaluate(
    kind: str,
    path: Path,
    *,
    modes: Sequence[str] = ("semantic",),
    models: Sequence[str] = ("default",),
    precision: str = "auto",
    threads: int = 0,
    cache: Path | None = None,
    vectors: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Measure each model in each mode on a public collection: `kind` is `squad` or `beir`. No library is touched.

    `models` are names of installed models, folders, or `default`. `vectors` is a folder that keeps vectors for the
    next time. `report` is told what is going on. Raises UsageError for what cannot be read, WhereinError when the extra
    is missing.
    """
    from wherein.evaluation.collection import read_beir, read_squad
    from wherein.evaluation.measures import require_measures, require_stats
    from wherein.evaluation.modes import Candidates, find_mode
    from wherein.evaluation.squad_beir import evaluate_beir, evaluate_squad

    read, measure = {"squad": (read_squad, evaluate_squad), "beir": (read_beir, evaluate_beir)}[kind]
    if kind == "beir":
        require_measures()
    if len(modes) * len(models) > 1:  # now, and not after the work, one is told that it is missing
        require_stats()
    ranked_by = {name: find_mode(name) for name in modes}
    chosen = [find_model(name, models_folder()) for name in models]
    collection = read(path)
    for model in chosen:
        encoder = Encoder(model, resolve_precision(precision), cache=cache, threads=threads)
        candidates = Candidates(collection.contexts, encoder, cache=vectors, report=report)
        for name, mode in ranked_by.items():
            found = measure(collection, mode(candidates))
            yield Measured(found, model.name, str(model.folder), encoder.precision, name)


@dataclass(frozen=True)
class _Put:
    """A question made ready: `asked` in the modes that look at words, `vector` `[width]` where `encoder` was needed."""

    question: str
    asked: Question | None
    vector: Matrix | None = None
    encoder: Encoder | None = None
    cut: str = ""


def _check_asked(question: str, mode: str, aids: ResultOptions) -> None:
    if not question.strip():
        raise UsageError("The question is empty")
    if mode not in MODES:
        raise UsageError(f"There is no mode {mode}; there are {', '.join(MODES)}")
    if mode == "hybrid" and aids.min_score is not None and not 0 <= aids.min_score <= 1:
        raise UsageError("The lowest score is a chance in the mode hybrid: a number from 0 to 1")


def _encoded(mode: str, aids: ResultOptions) -> bool:
    """Whether the question's meaning is needed; words alone need no model, the nearest sentence does."""
    return mode != "keyword" or aids.sentence


def _notes(asked: Question | None) -> tuple[str, ...]:
    return (_TOO_LONG,) if asked and asked.cut else ()


def _doubts(hits: Sequence[Hit]) -> tuple[str, ...]:
    chances = [hit.chance for hit in hits if hit.chance is not None]
    return (_NO_GOOD_MATCH,) if chances and max(chances) < NO_GOOD_MATCH else ()


def _place(name: str) -> str:
    """Return a source's absolute path or pattern. Raises UsageError when it names nothing."""
    place = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111 - odd bytes stay
    if not os.path.lexists(place) and not glob.has_magic(place):
        raise UsageError(f"There is no file or folder {name}")
    return place

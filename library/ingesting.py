"""Ingesting files, web pages and texts into a library, and the dry run that reports what that would do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from wherein.embed.models.installed import models_folder
from wherein.ingest.changes.vanished import vanished
from wherein.ingest.progress.dry_run import Plan, Sample
from wherein.ingest.progress.events import Report, Stopped, Summary, summarize
from wherein.ingest.run import IngestRun
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.workers.pool import Pool
from wherein.library.models import ModelChoice, describe, library_model
from wherein.library.opening import is_library, open_for_reading, open_for_writing
from wherein.library.source_notes import conclude, forget_unused, report_exclusions
from wherein.library.stored_paths import resolve_paths
from wherein.storage.catalog.connection import CATALOG, open_writer, writing
from wherein.storage.catalog.documents import documents_of_stream
from wherein.storage.catalog.models import StoredModel, bind_model, bound_model
from wherein.storage.catalog.reading import Reading
from wherein.storage.catalog.sources import list_sources, remember_source
from wherein.storage.index.folding import finish_indexes, recount_if_due
from wherein.uri import stdin_uri

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.embed.encoder import Encoder
    from wherein.ingest.cluster.engine import RayEngine
    from wherein.library.sources import SourceRequest
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["TIME_IS_UP", "RunFactory", "ingest_sources", "ingest_text", "is_over", "plan_ingest"]

TIME_IS_UP = "time is up; run the same command again to resume"
_PLANNED = ("new", "changed", "moved", "unchanged", "removed", "skipped", "failed", "chunks", "embedded", "reused")


@dataclass(frozen=True)
class RunFactory:
    """Starts ingest runs on the library in `folder`; `jobs` processes read files, None for as many as suit.

    `own` are other folders and files of Wherein. Where the passages are in a store, the library is not `indexed`: no
    generations are written, and `recall` fetches vectors for model inputs by their names. An `engine` takes the place
    of this machine's processes and threads.
    """

    folder: Path
    models: ModelChoice
    jobs: int | None = None
    own: tuple[str, ...] = ()
    indexed: bool = True
    recall: Callable[[Database, list[bytes]], object] | None = None
    engine: RayEngine | None = None

    def start(
        self,
        db: Database,
        report: Report,
        stop: Callable[[], bool],
        lost: Sequence[str] = (),
        encoder: Encoder | None = None,
    ) -> IngestRun:
        """Return a run with `encoder`, else with that of the library's model, and report `lost` commits as failed."""
        encoder, model = self.models.bind(db) if encoder is None else (encoder, bound_model(db))
        assert model is not None
        # Before the run adds terms: those of two versions must not be compared.
        recount_if_due(db)
        pool = None
        if self.engine is not None:
            crew = self.engine.crew(encoder, self.models.cache)
            encoder, pool = crew.encoder, crew.pool
        run = IngestRun(db, self.folder, model, encoder, report, stop, pool or Pool(self.jobs))
        run.indexed = self.indexed
        if self.recall:
            run.recall(partial(self.recall, db))
        run.recognize(self.own_files())
        for reason in lost:
            run.problem("failed", f"{CATALOG}-wal", reason)
        return run

    def dry_run(self, db: Catalog, model: StoredModel, encoder: Encoder, report: Report, sample: Sample) -> IngestRun:
        """Return a run that writes nothing and gives `sample` the passages that would be embedded."""
        writer = cast("Database", db)  # nothing is written, so that a reader's connection will do
        run = IngestRun(writer, self.folder, model, encoder, report, pool=Pool(self.jobs), plan=sample)
        run.recognize(self.own_files())
        return run

    def own_files(self) -> OwnFiles:
        """Return what recognizes the files of Wherein, which never become documents."""
        cache = [str(self.models.cache)] if self.models.cache else []
        return OwnFiles(str(self.folder), [*cache, str(models_folder()), *self.own])


def is_over(until: datetime | None) -> bool:
    """Whether the moment `until` has come."""
    return until is not None and datetime.now(UTC) >= until


def ingest_sources(
    runs: RunFactory,
    request: SourceRequest,
    *,
    report: Report = lambda _: None,
    until: datetime | None = None,
    look_ahead: bool = False,
    wait: bool = False,
) -> Summary:
    """Remember sources and ingest them; nothing is removed."""

    request.require_no_own(runs.own_files())

    def work(db: Database, run: IngestRun) -> None:
        resolve_paths(db)
        before = list_sources(db)
        sources = request.remember(db)
        run.recognize(runs.own_files(), request.watched)
        run.named = request.uris
        if look_ahead:
            run.look_ahead(sources)
        run.ingest(sources)
        if not run.stopped:
            conclude(db, run, request, before)

    return _ingest(runs, work, report, wait, until)


def ingest_text(
    runs: RunFactory,
    name: str,
    data: bytes,
    reading: Reading,
    max_size: int | None,
    *,
    report: Report = lambda _: None,
    wait: bool = False,
) -> Summary:
    """Ingest one text as `stdin:name`; it replaces an earlier one of the same name. `max_size` in bytes."""
    uri = stdin_uri(name)

    def work(db: Database, run: IngestRun) -> None:
        before = list_sources(db)
        with writing(db, "ingest.sources"):
            remember_source(db, uri, "stdin", (), max_size, reading)
        run.ingest_stream(next(source for source in list_sources(db) if source.uri == uri), name, data)
        if uri not in {source.uri for source in before} and not documents_of_stream(db, uri):
            forget_unused(db, run, [uri])

    return _ingest(runs, work, report, wait)


def _ingest(
    runs: RunFactory,
    work: Callable[[Database, IngestRun], None],
    report: Report,
    wait: bool,
    until: datetime | None = None,
) -> Summary:
    began, lost = time.monotonic(), list[str]()
    with open_for_writing(runs.folder, wait, lost.append) as db:
        run = runs.start(db, report, partial(is_over, until), lost)
        try:
            work(db, run)
        finally:
            run.close()
        if run.stopped:
            report(Stopped(TIME_IS_UP))
        if runs.indexed:
            finish_indexes(db, runs.folder, run.model)
    return summarize(run.tally, time.monotonic() - began)


# The dry run.


def plan_ingest(runs: RunFactory, request: SourceRequest, *, report: Report = lambda _: None) -> Plan:
    """Return what `ingest_sources` would do and how long it would take here; nothing is written, not even a library.

    Some of the passages are embedded to measure the time.
    """
    request.require_no_own(runs.own_files())
    sample = Sample()
    with _catalog_to_plan_with(runs) as (db, encoder, model):
        sources = request.preview(db)
        run = runs.dry_run(db, model, encoder, report, sample)
        run.named = request.uris
        run.recognize(runs.own_files(), request.watched)
        run.ingest(sources)
        report_exclusions(db, run, request, list_sources(db))
        # accept: everything that is gone is counted, also where a reindex would ask first.
        gone = vanished(db, run.walks, run.seen, lambda *_: None, accept=True)
    # The documents of a file that was renamed belong to its new name.
    lost = sum(record.documents for record in gone.files if record.uri not in run.adopted)
    counts = {name: run.tally[name] for name in _PLANNED}
    return Plan(**counts, gone=lost, tokens=sample.tokens, seconds=round(sample.seconds(encoder), 1))


@contextmanager
def _catalog_to_plan_with(runs: RunFactory) -> Iterator[tuple[Catalog, Encoder, StoredModel]]:
    """Open the library's catalog to be read, or where there is no library an empty one, with encoder and model."""
    if is_library(runs.folder):
        with closing(open_for_reading(runs.folder)) as catalog:
            if library := library_model(catalog):
                yield catalog, runs.models.encoder_of(library), library.stored
                return
    encoder = runs.models.encoder_for_new_library()
    with TemporaryDirectory() as folder, closing(open_writer(Path(folder))) as empty:
        with writing(empty, "model.bind"):
            model = bind_model(empty, **describe(encoder))
        yield empty, encoder, model

"""Library: open, ingest, query, reindex. The public Python API, and the only place that joins ingest and search.

from library import Library

library = Library(Path("~/notes.wherein").expanduser())
library.ingest(["~/notes"])
for hit in library.query("who may sign the lease?").hits:
    print(hit.score, hit.uri, hit.text)
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from embed.encoder import Encoder, Matrix
from embed.model import DEFAULT_MODEL, checked, fingerprint, load_model
from embed.precision import resolve_precision
from embed.runtime import damaged_blobs
from errors import Damaged, ModelMismatch, Outdated, Stale, UsageError, WhereinError
from ingest.freshness import Freshness
from ingest.summary import Progress, Report, RunProblem, Summary, summarize
from ingest.uri import file_path, file_uri
from search.evaluate import SquadResult, evaluate_squad
from search.filters import Filter, parse_filter
from search.reading import Aids, gather, with_context
from search.semantic import Hit, Searcher
from search.sentences import with_sentences
from storage.backups import BackupRecord, older_backups
from storage.catalog import Catalog
from storage.connection import CATALOG, catalog_is_lost, checkpoint, open_reader, open_writer, reading, writing
from storage.documents import (
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
from storage.exclusions import include
from storage.faults import faults
from storage.files import FileRecord, problem_files, read_files
from storage.finding import Finding, Repair, Verification
from storage.generations import active_generation, drop_old_generations, fold_if_due, write_generation
from storage.lock import writer_lock
from storage.models import StoredModel, bind_model, bound_model, now
from storage.purge import finish_purge, purge, purge_is_unfinished
from storage.sources import Source, forget_source, list_sources, remember_source
from storage.vectors import count_live, delete_orphans, highest_vector_id, mark_orphans

if TYPE_CHECKING:
    import sqlite3

    from sqlite_utils import Database

    from ingest.bulk import BulkRun
    from storage.backup import Backup
    from storage.deep import Proof
    from storage.restore import Restored

__all__ = [
    "Aids", "Answer", "Filter", "Finding", "Hit", "Library", "Progress", "Repair", "RunProblem", "Status",
    "StoredDocument", "Summary", "Verification", "evaluate", "parse_filter",
]  # fmt: skip

_ORPHAN_DAYS = 30
_QUESTIONS_AT_ONCE = 256
# How far a component may be from that of another run: w8a8 depends a little on what else is calculated.
_TOLERANCES = {"w8a8": 1e-2, "w8a32": 1e-4}


@dataclass(frozen=True)
class Answer:
    """The hits for a question, best first; `truncated` is the part of it that the model did not see."""

    question: str
    truncated: str
    hits: list[Hit]


@dataclass(frozen=True)
class Status:
    """What a library holds. `delta` counts vectors that are not in the generation yet; sizes in bytes."""

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


class Library:
    """A folder with everything that was taken in. Opening it costs nothing; each part is opened when it is needed.

    `precision` is `auto`, `w8a8` or `w8a32`; `auto` is what the library was begun with, else what this CPU does best.
    `cache` is the folder for compiled models. A given `encoder` is used in place of the default model's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        precision: str = "auto",
        cache: Path | None = None,
        threads: int = 0,
        encoder: Encoder | None = None,
    ) -> None:
        self.folder = folder
        self._given = encoder
        self._precision = precision
        self._cache = cache
        self._threads = threads

    # Taking in.

    def ingest(
        self,
        sources: Sequence[str],
        *,
        exclude: Sequence[str] = (),
        max_size: int | None = None,
        report: Report = lambda _: None,
        look_ahead: bool = False,
        wait: bool = False,
    ) -> Summary:
        """Take in files, folders and glob patterns and remember them as sources; nothing is removed.

        `max_size` in bytes. With `look_ahead` the sources are walked twice, so that the progress tells the total.
        Raises UsageError for a path that does not exist, LibraryBusy while another writes.
        """
        places = [_place(name) for name in sources]

        def work(db: Database, run: BulkRun) -> None:
            with writing(db, "ingest.sources"):
                for place in places:
                    include(db, file_uri(place))
                    remember_source(db, place, "path", tuple(exclude), max_size)
            known = [source for source in list_sources(db) if source.uri in places]
            if look_ahead:
                run.look_ahead(known)
            run.take_in(known)

        return self._write(work, report, wait)

    def ingest_stream(self, name: str, data: bytes, *, report: Report = lambda _: None, wait: bool = False) -> Summary:
        """Take in one text that came from elsewhere, as `stdin:name`; the same name replaces it."""
        uri = f"stdin:{name}"

        def work(db: Database, run: BulkRun) -> None:
            with writing(db, "ingest.sources"):
                include(db, uri)
                remember_source(db, uri, "stdin", (), None)
            run.take_in_stream(next(source for source in list_sources(db) if source.uri == uri), name, data)

        return self._write(work, report, wait)

    def reindex(self, *, report: Report = lambda _: None, look_ahead: bool = False, wait: bool = False) -> Summary:
        """Catch up with the remembered sources, remove what is gone from them, and write a new generation.

        The whole index is read; what is damaged of it is put aside and counts as failed.
        """

        from ingest.removal import remove_vanished
        from storage.aside import Aside
        from storage.mend_index import mend_index

        def work(db: Database, run: BulkRun) -> None:
            sources = [source for source in list_sources(db) if source.kind == "path"]
            if look_ahead:
                run.look_ahead(sources)
            run.take_in(sources)
            run.take_up()
            run.tally["removed"] += remove_vanished(
                db,
                sources,
                run.seen,
                run.unwalkable,
                lambda place: report(RunProblem("failed", place, _SPARED)),
            )
            with writing(db, "reindex.orphans"):
                mark_orphans(db)
                delete_orphans(db, (datetime.now(UTC) - timedelta(days=_ORPHAN_DAYS)).isoformat())
            for what in mend_index(db, self.folder, Aside(self.folder)):
                run.tally["failed"] += 1
                report(RunProblem("failed", str(self.folder / "generations"), what))
            model, generation = bound_model(db), active_generation(db)
            done = generation.highest_vector_id if generation else 0
            if model and highest_vector_id(db, model.id) > done:
                write_generation(db, self.folder, model)
            drop_old_generations(db, self.folder)

        self._must_exist()
        return self._write(work, report, wait)

    def _write(self, work: Callable[[Database, BulkRun], None], report: Report, wait: bool) -> Summary:
        from ingest.bulk import BulkRun  # with every reader: a question need not wait for them

        began = time.monotonic()
        lost: list[str] = []
        with self._writer(wait, lost.append) as db:
            encoder, model = self._encoder_for(db)
            run = BulkRun(db, self.folder, model, encoder, report)
            for what in lost:
                run.tally["failed"] += 1
                report(RunProblem("failed", f"{CATALOG}-wal", what))
            work(db, run)
            if active_generation(db) is None:
                fold_if_due(db, self.folder, model, at_least=0)
        return summarize(run.tally, time.monotonic() - began)

    # Asking.

    def query(self, question: str, k: int = 5, *, only: Filter | None = None, aids: Aids = Aids()) -> Answer:  # noqa: B008
        """Return the `k` passages nearest in meaning, of the documents that pass `only`, made ready for a reader.

        Raises WhereinError when nothing was taken in yet, UsageError when `only` asks for a field that no document
        has, Stale when only fresh passages are wanted and none is.
        """
        if not question.strip():
            raise UsageError("The question is empty")
        encoder, searcher = self._asking
        searcher.refresh()  # while the network is loaded
        vector, tokens = encoder.encode_question(question)
        hits, stale = self._hits(encoder, vector, k, only, aids)
        if stale and not hits:
            raise Stale(_STALE)
        return Answer(question, tokens.cut, hits)

    def query_many(
        self,
        questions: Iterable[str],
        k: int = 5,
        *,
        only: Filter | None = None,
        aids: Aids = Aids(),  # noqa: B008
    ) -> Iterator[Answer]:
        """Yield an answer for each question, in order; the questions are encoded many at a time.

        As `query`, except that an answer without a fresh passage is an empty one.
        """
        encoder = self._encoder(self._bound)
        waiting = iter(questions)
        while part := list(islice(waiting, _QUESTIONS_AT_ONCE)):
            for question, vector in zip(part, encoder.encode_questions(part), strict=True):
                hits, _ = self._hits(encoder, vector, k, only, aids)
                yield Answer(question, encoder.tokenizer.question(question).cut, hits)

    def _hits(self, encoder: Encoder, vector: Matrix, k: int, only: Filter | None, aids: Aids) -> tuple[list[Hit], int]:
        """Return what is shown for a question's vector, and how many passages were left out because they are stale."""
        freshness = Freshness(self._reader)
        hits, stale = gather(
            lambda wanted: self._searcher.search(vector, wanted, only),
            k,
            aids,
            lambda hit: freshness.of_document(hit.document),
        )
        if aids.context:
            with reading(self._reader) as db:
                hits = [with_context(db, hit, aids.context) for hit in hits]
        if aids.sentence:
            hits = with_sentences(hits, vector, encoder.encode_contexts)
        return hits, stale

    @cached_property
    def _reader(self) -> sqlite3.Connection:
        self._must_exist()
        try:
            return open_reader(self.folder)
        except Outdated:
            with self._writer(wait=True):  # which migrates it
                pass
            return open_reader(self.folder)

    @cached_property
    def _asking(self) -> tuple[Encoder, Searcher]:
        encoder = self._encoder(self._bound, one_by_one=True)
        encoder.prepare()
        return encoder, self._searcher

    @cached_property
    def _searcher(self) -> Searcher:
        return Searcher(self._reader, self.folder, self._bound)

    @property
    def _bound(self) -> StoredModel:
        """The model that a question is asked with. Raises WhereinError when there is nothing to ask."""
        with reading(self._reader) as db:
            bound = bound_model(db)
        if bound is None:
            raise WhereinError(_EMPTY if not count_documents(self._reader) else _NO_VECTORS)
        return bound

    # Looking after it.

    def status(self) -> Status:
        """Return what the library holds, as of one committed state."""
        with reading(self._reader) as db:
            bound, generation = bound_model(db), active_generation(db)
            highest = generation.highest_vector_id if generation else 0
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
                bytes=sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()),
                sqlite=str(db.execute("SELECT sqlite_version()").fetchone()[0]),
                purge_unfinished=purge_is_unfinished(db),
            )

    def verify(self, *, deep: bool = False) -> Verification:
        """Look for damage in every file of the library, its model and its compiled graphs; nothing is changed.

        With `deep` the index is compared with the stored vectors, a sample of these with the model's, and the source
        files with what was read from them. What is damaged is returned, not raised.
        """
        from storage.verify import verify  # a question need not wait for it

        self._must_exist()
        bound = None
        with suppress(Damaged), reading(self._reader) as db:
            bound = bound_model(db)
        proof = self._proof(bound) if deep and bound else None
        found = verify(self.folder, deep=deep, proof=proof)
        others = [*self._check_model(bound), *self._check_compiled(), *(self._check_sources() if deep else ())]
        return replace(found, findings=(*found.findings, *others))

    def repair(self, *, wait: bool = False) -> Repair:
        """Make anew what is derived, put aside what is damaged, and name what is lost. Needs no model.

        Raises Damaged when nothing can be saved.
        """
        from storage.repair import repair

        self._must_exist()
        with writer_lock(self.folder, wait), faults():
            done = repair(self.folder, lambda uri: os.path.lexists(file_path(uri) or ""))
        self.__dict__.pop("_reader", None)  # it may look at the catalogue that was put aside
        return replace(done, left=tuple(found for found in self.verify().findings if not found.harmless))

    def _proof(self, bound: StoredModel) -> Proof | None:
        from storage.deep import Proof

        try:
            return Proof(self._encoder(bound).encode_contexts, _TOLERANCES[bound.precision])
        except (Damaged, ModelMismatch):  # told by _check_model
            return None

    def _check_model(self, bound: StoredModel | None) -> Iterator[Finding]:
        try:
            model = self._given.model if self._given else load_model()
            if self._given is None or isinstance(self._given, Encoder):
                for name in model.sha256:
                    checked(model, name)
        except Damaged as error:
            folder = self._given.model.folder if self._given else DEFAULT_MODEL
            yield Finding("model", str(folder), str(error).rpartition("; ")[0], "install the model again")
            return
        if bound and fingerprint(model, bound.precision) != bound.fingerprint:
            what = f"it is not the model that the library was made with ({bound.name} {bound.fingerprint})"
            yield Finding("model", str(model.folder), what, "install that model, or ingest into a new --library")

    def _check_compiled(self) -> Iterator[Finding]:
        for path in damaged_blobs(self._cache) if self._cache else ():
            yield Finding("compiled model", str(path), "it is damaged", "nothing to do: it is made anew", True)

    def _check_sources(self) -> Iterator[Finding]:
        from ingest.intake import changed_unseen

        with suppress(Damaged), reading(self._reader) as db:
            for record in read_files(db):
                if changed_unseen(record):
                    yield Finding("source", record.uri, "it has another content than was read, under the same size and"
                                  " times", "look at it, touch it, and run: wherein reindex")  # fmt: skip

    def documents(self) -> Iterator[StoredDocument]:
        """Yield every document by uri."""
        after = ""
        while True:
            with reading(self._reader) as db:  # no transaction is left open while the caller looks at a document
                page = list_documents(db, after)
            yield from page
            if not page:
                return
            after = page[-1].uri

    def problems(self) -> list[FileRecord]:
        """Return the files that were skipped or failed when they were last looked at."""
        with reading(self._reader) as db:
            return problem_files(db)

    def document(self, name: str) -> tuple[StoredDocument, str, list[ChunkRow]]:
        """Return a document, its text and its chunks; `name` is its uri, path or number."""
        with reading(self._reader) as db:
            found = self._find(db, name)
            return found, document_text(db, found.id), document_spans(db, found.id)

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
        from storage.aside import ASIDE

        return sorted((self.folder / ASIDE).glob("*"))

    def backups(self) -> list[BackupRecord]:
        """Return the backups that were written of this library, the oldest first."""
        with reading(self._reader) as db:
            return older_backups(db, now())

    def sources(self) -> list[Source]:
        """Return what reindex walks."""
        with reading(self._reader) as db:
            return list_sources(db)

    def remove_source(self, name: str, *, wait: bool = False) -> Source:
        """Stop following a source; its documents stay."""
        self._must_exist()
        with self._writer(wait) as db:
            wanted = {name, os.path.abspath(os.path.expanduser(name))}  # noqa: PTH100, PTH111 - odd bytes stay
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

        from storage.backup import write_backup

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
        from storage.restore import restore_backup

        restored = restore_backup(backup, self.folder, force=force, index=index, report=report)
        self.__dict__.pop("_asking", None)
        self.__dict__.pop("_searcher", None)
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
        from storage.restore import put_aside

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
        from storage.damaged_log import lost_commits

        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WhereinError(f"The library {self.folder} cannot be made: {error.strerror}") from error
        with writer_lock(self.folder, wait), faults():
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
            model = self._given.model if self._given else load_model()
            precision = self._given.precision if self._given else resolve_precision(self._precision)
            with writing(db, "model.bind"):
                bound = bind_model(
                    db,
                    fingerprint=fingerprint(model, precision),
                    name=model.name,
                    version=model.version,
                    precision=precision,
                    dimension=model.dimension,
                )
        return self._encoder(bound), bound

    def _encoder(self, bound: StoredModel, *, one_by_one: bool = False) -> Encoder:
        if self._precision not in ("auto", bound.precision):
            raise ModelMismatch(
                f"This library was made at precision {bound.precision} and cannot be used at {self._precision};"
                " leave --precision out"
            )
        encoder = self._given or Encoder(
            load_model(), bound.precision, cache=self._cache, threads=self._threads, one_by_one=one_by_one
        )
        if encoder.fingerprint != bound.fingerprint:
            raise ModelMismatch(
                f"This library was made with {bound.name} {bound.fingerprint}, but the model here is"
                f" {encoder.model.name} {encoder.fingerprint}; ingest its sources into a new --library"
            )
        return encoder


_STALE = (
    "Passages were found, but none is fresh: their files have changed or are gone since they were read; catch up with:"
    " wherein reindex"
)
_SPARED = "the source is gone or empty; its documents are kept"
_EMPTY = "This library is empty; fill it with: wherein ingest FOLDER"
_NO_VECTORS = "This library's vectors were lost; calculate them again with: wherein reindex"
_DELAYED = (
    "The documents are removed, but a process that is reading holds on to the log, which still has their text;"
    " the next command that writes finishes it, for instance: wherein reindex"
)


def evaluate(path: Path, precision: str = "auto", *, cache: Path | None = None) -> tuple[SquadResult, Encoder]:
    """Measure the default model on a SQuAD v1.1 file by the protocol of the model card; no library is touched."""
    encoder = Encoder(load_model(), resolve_precision(precision), cache=cache)
    return evaluate_squad(path, encoder), encoder


def _place(name: str) -> str:
    """Return a source's absolute path or pattern. Raises UsageError when it names nothing."""
    place = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111 - odd bytes stay
    if not os.path.lexists(place) and not glob.has_magic(place):
        raise UsageError(f"There is no file or folder {name}")
    return place

"""Library: open, ingest, query, reindex. The public Python API, and the only place that joins ingest and search.

from wherein.library import Library

library = Library(Path("~/notes.wherein").expanduser())
library.ingest(["~/notes"])
for hit in library.query("who may sign the lease?").hits:
    print(hit.score, hit.uri, hit.text)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.evaluation.run import EvaluatedLibrary, Measured, evaluate, evaluate_golden_file
from wherein.ingest.progress.events import Progress, Report, RunProblem, Summary
from wherein.ingest.progress.reindex_report import MARGIN
from wherein.library.documents import each_document, named_document, remove_documents
from wherein.library.models import ModelChoice
from wherein.library.opening import open_for_reading
from wherein.library.querying import QueryService
from wherein.library.readers import CatalogReader
from wherein.library.status import Status, read_status
from wherein.search.filters.parse import Filter, parse_filter
from wherein.search.hits import Hit
from wherein.search.pipeline import Answer, QueryOptions
from wherein.search.provenance import Provenance
from wherein.search.results.postprocess import ResultOptions
from wherein.storage.catalog.backup_log import BackupRecord, older_backups
from wherein.storage.catalog.documents import ChunkRow, StoredDocument, count_chunks, document_spans, document_text
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.files import FileRecord, problem_files
from wherein.storage.catalog.golden import GoldenRow, list_golden
from wherein.storage.catalog.models import now
from wherein.storage.catalog.sources import Source, list_sources
from wherein.storage.repair.findings import Finding, Repair, Verification

# A question need not wait for the parts that write, repair or measure: each method imports what it needs.
if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder
    from wherein.ingest.progress.dry_run import Plan
    from wherein.library.ingesting import RunFactory
    from wherein.search.exact_answer import ExactAnswer
    from wherein.storage.backup.backup import Backup
    from wherein.storage.backup.restore import Restored
    from wherein.storage.catalog.coverage import Coverage, Covered

__all__ = [
    "Answer", "Fields", "Filter", "Finding", "Hit", "Library", "Measured", "Progress", "Provenance", "Repair",
    "ResultOptions", "RunProblem", "Status", "StoredDocument", "Summary", "Verification", "evaluate", "parse_filter",
]  # fmt: skip


class Library:
    """A folder with everything that was ingested. Opening it costs nothing; each part is opened when it is needed.

    Any number of threads may use one object: they read at the same time, each a committed state, while one of them
    writes; the others that write wait for it. After `close`, or `with Library(…) as library:`, questions that are under
    way are answered, and every other use raises WhereinError.

    `precision` is `auto`, `w8a8` or `w8a32`; `auto` is that of the library, or for a new one what this CPU does best.
    `model` is the name of an installed model or a model's folder; None is the library's, or for a new one the shipped
    model. `cache` is the folder for compiled models, `threads` how many the model may use (0: one per core), `jobs` how
    many processes read files (None: as many as suit the machine). A given `encoder` is used in place of a model's.
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
        self._jobs = jobs
        self._models = ModelChoice(model, precision, cache, threads, encoder)
        self._reader = CatalogReader(folder)
        self._queries = QueryService(self._reader, folder, self._models)

    # Ingesting.

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
        """Ingest files, folders, glob patterns and web pages, and remember them as sources; nothing is removed.

        `max_size` is in bytes; `fields` names the fields of text, id and title in CSV, JSON and JSONL. `report` gets
        the events of the run. With `look_ahead` the sources are walked twice, so that the progress has a total. At the
        time `until` the run stops. With `wait` another writer is waited for. Raises UsageError for a path that does not
        exist, LibraryBusy while another process writes.
        """
        from wherein.library.ingesting import ingest_sources
        from wherein.library.sources import SourceRequest

        request = SourceRequest.of(sources, exclude, max_size, fields)
        return ingest_sources(self._runs(), request, report=report, until=until, look_ahead=look_ahead, wait=wait)

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
        from wherein.library.ingesting import plan_ingest
        from wherein.library.sources import SourceRequest

        return plan_ingest(self._runs(), SourceRequest.of(sources, exclude, max_size, fields), report=report)

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
        """Ingest one text that is in no file, as `stdin:name`; the same name replaces it. `max_size` in bytes."""
        from wherein.library.ingesting import ingest_text

        return ingest_text(self._runs(), name, data, fields, max_size, report=report, wait=wait)

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
        """Catch up with the sources, remove what is gone from them, and swap in a new index if it is fit.

        `report` gets each `Stage` and at last the `ReindexReport`, which the library keeps. When a fifth of a source is
        gone nothing of it is removed, unless with `accept_removals`. A new index must hold what is stored, find what
        exact search finds, and answer the golden questions no worse than by `margin` points of their mean reciprocal
        rank: else Refused is raised and the old one stays. At the time `until` the run stops; the next one resumes it.

        With `model`, a name or a folder, every passage is embedded with that model, at the precision that was asked
        for, else the library's own. Until that is done the old model answers; its vectors stay, see `roll_back` and
        `drop_previous_model`. `index` is how vectors are searched from now on: `exact`, approximately by lists (`ivf`)
        or a graph (`hnsw`), or `auto`, by their number. Raises UsageError when there is no such model or index.
        """
        from wherein.library.reindexing import ReindexOptions, reindex

        options = ReindexOptions(model, index, accept_removals, margin, until, look_ahead)
        return reindex(self._runs(), options, report=report, wait=wait)

    def roll_back(self, *, report: Report = lambda _: None, wait: bool = False) -> str:
        """Return to the previous index, else to the previous model, and return a sentence that says what answers now.

        Documents stay as they are; what came since is embedded with the previous model where it has to be. Raises
        WhereinError when there is nothing to return to.
        """
        from wherein.library.model_change import roll_back

        return roll_back(self.folder, self._models, report=report, wait=wait)

    def drop_previous_model(self, *, wait: bool = False) -> int:
        """Delete the vectors of the model that the library had before its present one; return how many.

        There is no way back to that model then. Raises WhereinError when there is no such model.
        """
        from wherein.library.model_change import drop_previous_model

        return drop_previous_model(self.folder, wait=wait)

    def finish(self, *, wait: bool = False) -> int:
        """Do what `drop_previous_model` does; its former name."""
        return self.drop_previous_model(wait=wait)

    # Asking.

    def query(
        self,
        question: str,
        k: int = 5,
        *,
        mode: str = "hybrid",
        only: Filter | None = None,
        options: ResultOptions = ResultOptions(),  # noqa: B008
    ) -> Answer:
        """Return the `k` best passages of the documents that pass `only`, presented as `options` say.

        The mode `semantic` ranks passages by their nearness in meaning, `keyword` by their words, `hybrid` by both. In
        the latter two "words in quotes" must occur one after another, and passages with a -word are left out. Raises
        WhereinError when nothing was ingested yet, UsageError when `only` asks for a field that no document has, Stale
        when only fresh passages are wanted and none is.
        """
        return self._queries.answer(question, QueryOptions(k, mode, only, options))

    def query_many(
        self,
        questions: Iterable[str],
        k: int = 5,
        *,
        mode: str = "hybrid",
        only: Filter | None = None,
        options: ResultOptions = ResultOptions(),  # noqa: B008
    ) -> Iterator[Answer]:
        """Yield an answer for each question, in order; the questions are encoded many at a time.

        As `query`, except that an answer without a fresh passage is an empty one.
        """
        return self._queries.answer_many(questions, QueryOptions(k, mode, only, options))

    def answers(self, answer: Answer) -> list[ExactAnswer | None]:
        """Return for each hit the words in it that answer the question best, by the installed answer model.

        None for a passage without words. Raises WhereinError, whose message says how to get such a model, when there is
        none.
        """
        from wherein.search.exact_answer import exact_answers

        return exact_answers(self._queries.session.answer_model, answer.question, answer.hits)

    def evaluate(
        self, path: Path, *, modes: Sequence[str] = ("hybrid",), report: Callable[[str], None] = lambda _: None
    ) -> Iterator[Measured]:
        """Ask the questions of a golden file (JSON lines: `question`, `documents`) and measure, in each mode.

        Raises UsageError for a line that is wrong, WhereinError when the extra is missing.
        """

        def ask(question: str, k: int, mode: str) -> list[Hit]:
            return self.query(question, k, mode=mode).hits

        encoder = self._queries.session.encoder
        with self._reader.connection() as db:
            passages = count_chunks(db)
        library = EvaluatedLibrary(self.folder, encoder, passages, ask)
        uris = (document.uri for document in self.documents())
        return evaluate_golden_file(library, path, uris, modes=modes, report=report)

    # Golden questions.

    def add_golden(self, question: str, name: str, *, wait: bool = False) -> GoldenRow:
        """Store a question with the document that answers it; each reindex that changes the index asks it.

        `name` is the document's URI, path or number. Raises UsageError when there is no such document.
        """
        from wherein.library.golden import add_golden_question

        return add_golden_question(self.folder, question, name, wait=wait)

    def golden(self) -> list[GoldenRow]:
        """Return the golden questions, the oldest first."""
        with self._reader.snapshot() as db:
            return list_golden(db)

    def remove_golden(self, name: str, *, wait: bool = False) -> list[GoldenRow]:
        """Remove a golden question, by its number or its text. Raises UsageError when there is none."""
        from wherein.library.golden import remove_golden_questions

        return remove_golden_questions(self.folder, name, wait=wait)

    # Documents and sources.

    def documents(self) -> Iterator[StoredDocument]:
        """Yield every document by URI."""
        return each_document(self._reader)

    def document(self, name: str) -> tuple[StoredDocument, str, list[ChunkRow]]:
        """Return a document, its text and its chunks; `name` is its URI, path or number."""
        with self._reader.snapshot() as db:
            document = named_document(db, name)
            return document, document_text(db, document.id), document_spans(db, document.id)

    def problems(self) -> list[FileRecord]:
        """Return the files that were skipped or failed when they were last read."""
        with self._reader.snapshot() as db:
            return problem_files(db)

    def coverage(self, name: str | None = None) -> Coverage | Covered | None:
        """Return how much of a document, or of all, the model's vocabulary covers; None where it was not measured.

        `name` is the document's URI, path or number.
        """
        from wherein.storage.catalog.coverage import coverage_of, covered

        with self._reader.snapshot() as db:
            return covered(db) if name is None else coverage_of(db, named_document(db, name).id)

    def remove_documents(
        self, names: Sequence[str], *, purge: bool = False, wait: bool = False
    ) -> list[StoredDocument]:
        """Remove documents from the library; their files are left alone, and come back when they change.

        With `purge` they do not come back, until they are named to `ingest` themselves, and no byte of their text and
        vectors is left in the library's files. Raises WhereinError when a reader delays that.
        """
        return remove_documents(self.folder, names, purge=purge, wait=wait)

    def sources(self) -> list[Source]:
        """Return what reindex walks."""
        with self._reader.snapshot() as db:
            return list_sources(db)

    def remove_source(self, name: str, *, wait: bool = False) -> Source:
        """Stop following a source, by its path, address or number; its documents stay."""
        from wherein.library.sources import remove_source

        return remove_source(self.folder, name, wait=wait)

    # Maintenance.

    def status(self) -> Status:
        """Return what the library holds, as of one committed state."""
        with self._reader.snapshot() as db:
            return read_status(db, self.folder)

    def verify(self, *, deep: bool = False) -> Verification:
        """Look for damage in every file of the library, its model and its compiled graphs; nothing is changed.

        With `deep` the index is compared with the stored vectors, a sample of these with the model's, and the source
        files with what was read from them. What is damaged is returned, not raised.
        """
        from wherein.library.maintenance import verify_library

        return verify_library(self._reader, self.folder, self._models, deep=deep)

    def repair(self, *, wait: bool = False) -> Repair:
        """Rebuild what is derived, quarantine what is damaged, and name what is lost. Needs no model.

        Raises Damaged when nothing can be saved.
        """
        from wherein.library.maintenance import repair_library

        repaired = repair_library(self.folder, wait=wait)
        self._renew()  # the catalog that is open may be the one that was quarantined
        return replace(repaired, left=tuple(found for found in self.verify().findings if not found.harmless))

    def damaged_copies(self) -> list[Path]:
        """Return the folders in which repairs quarantined what was damaged, the oldest first."""
        from wherein.storage.repair.quarantine import QUARANTINE

        return sorted((self.folder / QUARANTINE).glob("*"))

    def backup(self, target: Path, *, verify: bool = False, report: Callable[[str], None] = lambda _: None) -> Backup:
        """Write one committed state to `target`, a new folder or a `.tar.zst` file, while others read and write.

        What was written is read back; with `verify` it is also restored as a trial. `report` gets a sentence for each
        step. Raises UsageError when `target` exists, Damaged when the library is: then there is no backup.
        """
        from importlib.metadata import version

        from wherein.storage.backup.backup import write_backup

        with closing(open_for_reading(self.folder)) as db:  # of its own: `report` may ask questions
            return write_backup(db, self.folder, target, version("wherein"), verify=verify, report=report)

    def backups(self) -> list[BackupRecord]:
        """Return the backups that were written of this library, the oldest first."""
        with self._reader.snapshot() as db:
            return older_backups(db, now())

    def restore(
        self, backup: Path, *, force: bool = False, index: bool = True, report: Callable[[str], None] = lambda _: None
    ) -> Restored:
        """Put what is in `backup` in the library's place; with `force` a library there is moved aside.

        Without `index` a new one is built, whether or not the backup has one. Raises UsageError when there is a library
        without `force`, LibraryBusy while another writes to it, Damaged when the backup is not what was written.
        """
        from wherein.storage.backup.restore import restore_backup

        restored = restore_backup(backup, self.folder, force=force, index=index, report=report)
        self._renew()  # the earlier library is still open
        return restored

    def _runs(self) -> RunFactory:
        from wherein.library.ingesting import RunFactory

        return RunFactory(self.folder, self._models, self._jobs)

    def close(self) -> None:
        """Close the library's files."""
        self._queries.drop_session()
        self._reader.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _renew(self) -> None:
        self._reader.renew()
        self._queries.drop_session()

"""Library: open, ingest, query, reindex. The public Python API, and the only place that joins ingest and search.

from wherein import Library

library = Library("~/notes.wherein")
library.ingest(["~/notes"])
for hit in library.query("who may sign the lease?").hits:
    print(hit.score, hit.uri, hit.text)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from wherein.embed.devices import check_device_name
from wherein.ingest.limits import MARGIN
from wherein.library import arguments as given
from wherein.library.arguments import Name, StrPath, checked
from wherein.library.contents import Contents
from wherein.library.documents import remove_documents
from wherein.library.following import Following
from wherein.library.models import ModelChoice
from wherein.library.moving import Moving
from wherein.library.querying import QueryService
from wherein.library.readers import CatalogReader
from wherein.library.upkeep import Upkeep
from wherein.search.filters.parse import Filter
from wherein.search.filters.parse import parse_filter as parse
from wherein.search.hits import Hit
from wherein.search.pipeline import Answer, QueryOptions
from wherein.search.provenance import Provenance
from wherein.search.results.postprocess import ResultOptions
from wherein.search.spelling import Correction
from wherein.storage.catalog.documents import StoredDocument, count_chunks
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.reading import Reading
from wherein.storage.disk.locations import default_library, is_milvus

# A question need not wait for the parts that write, repair or measure: each method imports what it needs.
if TYPE_CHECKING:
    from pathlib import Path

    from wherein.embed.encoder import Encoder
    from wherein.embed.tokenizer import Words
    from wherein.evaluation.run import Measured
    from wherein.ingest.cluster.engine import RayEngine
    from wherein.ingest.progress.dry_run import Plan
    from wherein.ingest.progress.events import Progress, Report, RunProblem, Summary
    from wherein.library.embedding import Embedded
    from wherein.library.ingesting import RunFactory
    from wherein.library.status import Status
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.filters.parse import parse_filter
    from wherein.storage.catalog.golden import GoldenRow
    from wherein.storage.repair.findings import Finding, Repair, Verification

__all__ = [
    "Answer", "Correction", "Fields", "Filter", "Finding", "Hit", "Library", "Measured", "Progress", "Provenance",
    "Repair", "ResultOptions", "RunProblem", "Status", "StoredDocument", "Summary", "Verification", "parse_filter",
]  # fmt: skip

_HOMES = {
    "Finding": "wherein.storage.repair.findings",
    "Measured": "wherein.evaluation.run",
    "Progress": "wherein.ingest.progress.events",
    "Repair": "wherein.storage.repair.findings",
    "RunProblem": "wherein.ingest.progress.events",
    "Status": "wherein.library.status",
    "Summary": "wherein.ingest.progress.events",
    "Verification": "wherein.storage.repair.findings",
}

if not TYPE_CHECKING:
    parse_filter = checked(parse)

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


@checked
class Library(Contents, Following, Moving, Upkeep):
    """A folder with everything that was ingested. Opening it costs nothing; each part is opened when it is needed.

    Any number of threads may use one object: they read at the same time, each a committed state, while one of them
    writes; the others that write wait for it. After `close`, or `with Library(…) as library:`, questions that are under
    way are answered, and every other use raises WhereinError.

    Without a `folder` it is the command line's default library. A path may have a `~`; a document or a source is named
    by its URI, path or number. A wrong argument raises TypeError or UsageError before anything is read or written.

    `precision` is `auto`, `w8a8` or `w8a32`; `auto` is that of the library, or for a new one what this CPU does best.
    `model` is the name of an installed model or a model's folder; None is the library's, or for a new one the shipped
    model. `cache` is the folder for compiled models, `threads` how many the model may use (0: one per core), `jobs` how
    many processes read files (None: as many as suit the machine). `device` is what the model runs on, as OpenVINO calls
    it; None is the library's, or the CPU. A given `encoder` is used in place of a model's.
    """

    def __new__(cls, folder: StrPath | None = None, **_: object) -> Library:
        """Return a library in Milvus for an address of one."""
        if is_milvus(default_library() if folder is None else folder):
            from wherein.library.cluster.cluster_library import ClusterLibrary

            cls = ClusterLibrary
        return object.__new__(cls)

    def __init__(
        self,
        folder: StrPath | None = None,
        *,
        precision: str = "auto",
        model: StrPath | None = None,
        cache: StrPath | None = None,
        threads: int = 0,
        jobs: int | None = None,
        encoder: Encoder | None = None,
        device: str | None = None,
    ) -> None:
        self.folder: Path = default_library() if folder is None else given.path(folder)
        self._jobs = jobs
        self._models = ModelChoice(
            given.model(model),
            precision,
            given.path(cache) if cache else None,
            threads,
            encoder,
            check_device_name(device) if device else None,
        )
        self._reader = CatalogReader(self.folder)
        self._queries = QueryService(self._reader, self.folder, self._models)

    @classmethod
    def open(cls, path: StrPath | None = None) -> Library:
        """Return the library in the folder `path`, by default the command line's. The same as `Library(path)`."""
        return cls(path)

    # Ingesting.

    def ingest(
        self,
        sources: Sequence[StrPath],
        *,
        exclude: Sequence[str] = (),
        no_exclude: bool = False,
        max_size: int | None = None,
        fields: Fields = NO_FIELDS,
        encoding: str = "",
        ocr_languages: str = "",
        confined: bool = False,
        until: datetime | None = None,
        report: Report = lambda _: None,
        look_ahead: bool = False,
        wait: bool = False,
        engine: RayEngine | None = None,
    ) -> Summary:
        """Ingest files, folders, glob patterns and web pages, and remember them as sources; nothing is removed.

        `exclude` adds to what these sources exclude, or replaces it (`no_exclude`). `max_size` is in bytes. `fields`
        names the fields of text, id and title in CSV, JSON and JSONL, `encoding` the encoding of text that is not
        Unicode, whatever it declares, and `ocr_languages` the languages of text in pictures by Tesseract's codes
        (`deu+eng`). A new source that is `confined` stays so: no link leads out of it, and no page is fetched from a
        private address. `report` gets the events of the run. With `look_ahead` the sources are walked twice, so that
        the progress has a total. The run stops at the time `until`. With `wait` it waits for another writer. With an
        `engine` (`wherein.ingest.cluster.engine.RayEngine`) actors of Ray read and embed. Raises UsageError for a path
        that does not exist, LibraryBusy while another process writes.
        """
        from wherein.library.ingesting import ingest_sources
        from wherein.library.sources import SourceRequest

        reading = Reading(fields, encoding, ocr_languages)
        request = SourceRequest.of(
            given.texts(sources), exclude, max_size, reading, replace_exclusions=no_exclude, confined=confined
        )

        def work(runs: RunFactory, watched: Report) -> Summary:
            engaged = replace(runs, engine=engine)
            return ingest_sources(
                engaged, request, report=watched, until=given.moment(until), look_ahead=look_ahead, wait=wait
            )

        return self._run(work, report, wait=wait)

    def plan(
        self,
        sources: Sequence[StrPath],
        *,
        exclude: Sequence[str] = (),
        no_exclude: bool = False,
        max_size: int | None = None,
        fields: Fields = NO_FIELDS,
        encoding: str = "",
        ocr_languages: str = "",
        report: Report = lambda _: None,
    ) -> Plan:
        """Return what `ingest` would do, and how long it would take here; nothing is written, not even a library.

        Raises UsageError for a path that does not exist.
        """
        from wherein.library.ingesting import plan_ingest
        from wherein.library.sources import SourceRequest

        reading = Reading(fields, encoding, ocr_languages)
        request = SourceRequest.of(given.texts(sources), exclude, max_size, reading, replace_exclusions=no_exclude)
        with self._planning() as runs:
            return plan_ingest(runs, request, report=report)

    def ingest_stream(
        self,
        name: str,
        data: bytes,
        *,
        fields: Fields = NO_FIELDS,
        encoding: str = "",
        ocr_languages: str = "",
        max_size: int | None = None,
        report: Report = lambda _: None,
        wait: bool = False,
    ) -> Summary:
        """Ingest one text that is in no file, as `stdin:name`; the same name replaces it. `max_size` is in bytes."""
        from wherein.library.ingesting import ingest_text

        reading = Reading(fields, encoding, ocr_languages)

        def work(runs: RunFactory, watched: Report) -> Summary:
            return ingest_text(runs, name, data, reading, max_size, report=watched, wait=wait)

        return self._run(work, report, wait=wait)

    def reindex(
        self,
        *,
        model: StrPath | None = None,
        index: str | None = None,
        accept_removals: bool = False,
        margin: float = MARGIN,
        until: datetime | None = None,
        report: Report = lambda _: None,
        look_ahead: bool = False,
        wait: bool = False,
    ) -> Summary:
        """Catch up with the sources, remove what has vanished, and swap in a new index if it passes its checks.

        `report` gets each `Stage` and finally the `ReindexReport`, which the library keeps. Nothing is removed from a
        source that has lost more than ten documents and more than a fifth of all, except with `accept_removals`. A new
        index must hold what is stored, find what exact search finds, and not lower the mean reciprocal rank of the
        golden questions by more than `margin` points; otherwise Refused is raised and the old index stays. The run
        stops at the time `until`; the next one resumes it.

        With `model`, a name or a folder, every passage is embedded with that model, at the precision of this object or,
        if that is `auto`, the library's own. The old model answers until that is done; its vectors are kept, see
        `roll_back` and `drop_previous_model`. `index` is how vectors are searched from now on: `exact`, approximately
        by lists (`ivf`) or a graph (`hnsw`), or `auto`, by their number. Raises UsageError when there is no such model
        or index.
        """
        from wherein.library.reindexing import ReindexOptions, reindex

        options = ReindexOptions(given.model(model), index, accept_removals, margin, given.moment(until), look_ahead)
        return reindex(self._runs(), options, report=report, wait=wait)

    def roll_back(self, *, report: Report = lambda _: None, wait: bool = False) -> str:
        """Return to the previous index, else to the previous model, and return a sentence that says what answers now.

        Documents stay as they are; those added since are embedded with the previous model if necessary. Raises
        WhereinError when there is nothing to return to.
        """
        from wherein.library.model_change import roll_back

        return roll_back(self.folder, self._models, report=report, wait=wait)

    def drop_previous_model(self, *, wait: bool = False) -> int:
        """Delete the vectors of the previous model, so that there is no way back to it; return how many.

        Raises WhereinError when there is no such model.
        """
        from wherein.library.model_change import drop_previous_model

        return drop_previous_model(self.folder, wait=wait)

    finish = drop_previous_model  # its former name

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
        the latter two, passages with "words in quotes" rank higher, and those with a -word are left out. Raises
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
        return self._queries.answer_many(given.each_question(questions), QueryOptions(k, mode, only, options))

    def answers(self, answer: Answer) -> list[ExactAnswer | None]:
        """Return for each hit the words that best answer the question, by the answer model; None if it has none.

        Raises WhereinError when there is no such model.
        """
        from wherein.search.exact_answer import exact_answers

        return exact_answers(self._queries.session.answer_model, answer.respelled, answer.hits)

    def words(self, text: str) -> Words:
        """Return a text's words, each with its offset and its number of tokens, as the library's model counts them."""
        return self._queries.session.encoder.tokenizer.words(text)

    def embed(self, texts: Sequence[str], *, as_questions: bool = False) -> Embedded:
        """Return the vectors of texts, or of questions, by the library's model.

        Raises WhereinError when the library has no model yet.
        """
        from wherein.library.embedding import embed_texts

        return embed_texts(self._queries.session.encoder, texts, as_questions=as_questions)

    def evaluate(
        self, path: StrPath, *, modes: Sequence[str] = ("hybrid",), report: Callable[[str], None] = lambda _: None
    ) -> Iterator[Measured]:
        """Ask the questions of a golden file (JSON lines: `question`, `documents`) and measure the answers by mode.

        Raises UsageError for a line that is not valid, WhereinError when the extra is missing.
        """
        from wherein.evaluation.run import EvaluatedLibrary, evaluate_golden_file

        encoder = self._queries.session.encoder
        with self._reader.connection() as db:
            passages = count_chunks(db)
        library = EvaluatedLibrary(self.folder, encoder, passages, lambda q, k, mode: self.query(q, k, mode=mode).hits)
        uris = (document.uri for document in self.documents())
        return evaluate_golden_file(library, given.path(path), uris, modes=modes, report=report)

    # Golden questions.

    def add_golden(self, question: str, name: Name, *, wait: bool = False) -> GoldenRow:
        """Store a question with the document that answers it, by URI, path or number; a reindex asks it.

        Raises UsageError when there is no such document.
        """
        from wherein.library.golden import add_golden_question

        with self._writable(wait=wait) as folder:
            return add_golden_question(folder, question, given.text(name), wait=wait)

    def golden(self) -> list[GoldenRow]:
        """Return the golden questions, the oldest first."""
        from wherein.storage.catalog.golden import list_golden

        with self._reader.snapshot() as db:
            return list_golden(db)

    def remove_golden(self, name: str | int, *, wait: bool = False) -> list[GoldenRow]:
        """Remove a golden question, by its number or its text. Raises UsageError when there is none."""
        from wherein.library.golden import remove_golden_questions

        with self._writable(wait=wait) as folder:
            return remove_golden_questions(folder, given.text(name), wait=wait)

    # Removing.

    def remove_documents(
        self, names: Sequence[Name], *, purge: bool = False, wait: bool = False
    ) -> list[StoredDocument]:
        """Remove documents from the library; their files are not touched. They come back when their files change or are
        named to `ingest`. With `purge` they come back only when their files are named, and no byte of their text and
        vectors is left in the library's files. Raises WhereinError when a reader delays that.
        """
        with self._writable(wait=wait) as folder:
            return remove_documents(folder, given.texts(names), purge=purge, wait=wait)

    def close(self) -> None:
        """Close the library's files."""
        self._queries.drop_session()
        self._reader.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

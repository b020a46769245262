"""One run over sources: files are found, read, cut into chunks, and what has no vector yet is embedded.

Files are read in other processes (`ingest/workers/pool.py`). The main thread chunks what these return, and commits,
while the encoder's threads calculate.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils import Database

from wherein.embed.encoder import Encoder
from wherein.errors import Unreadable
from wherein.ingest.commit import BATCH_SIZE, CommitQueue, ModelInputs, WriteQueue
from wherein.ingest.document import Document
from wherein.ingest.documents import DocumentPipeline
from wherein.ingest.files import FileIngester, VisitedFile
from wherein.ingest.progress.dry_run import DryRunQueue, Sample
from wherein.ingest.progress.events import Note, Report
from wherein.ingest.progress.lookahead import LookAhead, Preview
from wherein.ingest.progress.run_log import RunLog
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.scope import Scope
from wherein.ingest.sources.source_walk import SourceWalk
from wherein.ingest.title_vectors import tokenize
from wherein.ingest.visits import Visit, Visits, max_size_of
from wherein.ingest.workers.parse import Job
from wherein.ingest.workers.pool import Pool
from wherein.storage.catalog.exclusions import PURGED, is_purged
from wherein.storage.catalog.file_sources import follow_file
from wherein.storage.catalog.files import FileRecord, find_file
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import Source, remember_version
from wherein.storage.index.folding import fold_within_run
from wherein.storage.repair.row_check import passages_without_vector, torn_documents

if TYPE_CHECKING:
    from wherein.ingest.sources.web_source import FetchedPage, WebSource

__all__ = ["IngestRun"]

# Files that are submitted to each worker before the first of them is taken.
_SUBMITTED_PER_WORKER = 4


class IngestRun:
    """One run over some sources; only what is committed is in its `tally`.

    When `stop` returns True the run ends at the next safe point, and `stopped` is True; the next run resumes there.
    `pool` has the processes that read the files. With a `plan` nothing is embedded and nothing written: `plan` gets
    what would be embedded, and the tally what would be done. `seen` are the URIs of all files and pages that exist,
    `walk_errors` those that could not be walked, `walks` the walks that were completed, `unsettled` the URIs of files
    that were written just before they were read. Set `indexed` to False where no generations are to be written.
    """

    def __init__(
        self,
        db: Database,
        folder: Path,
        model: StoredModel,
        encoder: Encoder,
        report: Report,
        stop: Callable[[], bool] = lambda: False,
        pool: Pool | None = None,
        plan: Sample | None = None,
    ) -> None:
        self.stopped: bool = False
        self.indexed: bool = True
        self.unsettled: list[str] = []
        self.model = model
        self.encoder = encoder
        self._db = db
        self._folder = folder
        self._report = report
        self._stop = stop
        self._pool = pool or Pool()
        self._log = RunLog(report)
        self._ahead = LookAhead(db, model, encoder)
        self._queue: WriteQueue = CommitQueue(db, model, encoder, "ingest.batch", self._committed)
        if plan:
            self._queue = DryRunQueue(plan, self._report_progress)
        self._documents = DocumentPipeline(db, model, encoder, self._queue, self._log)
        self._files = FileIngester(db, self._documents, self._queue, self._log)
        self._visits = Visits(db, self._queue, self._pool)
        self.seen: set[str] = self._visits.seen
        self.walk_errors: list[str] = self._visits.walk_errors
        self.walks: list[SourceWalk] = self._visits.walks

    def recognize(self, own: OwnFiles, watch: frozenset[str] = frozenset()) -> None:
        """Leave out the files of Wherein, and note which of the stored exclusions `watch` match anything."""
        self._visits.own, self._visits.watch = own, watch

    def recall(self, fetch: Callable[[list[bytes]], object]) -> None:
        """Have the vectors of known model inputs fetched by their names, where they are not in the catalog."""
        self._documents.recall = fetch

    @property
    def named(self) -> frozenset[str]:
        """The URIs that the user named: what was removed or purged of them comes back."""
        return self._visits.named

    @named.setter
    def named(self, uris: frozenset[str]) -> None:
        self._visits.named = uris

    def restrict(self, scopes: Mapping[int, Scope]) -> None:
        """Walk only a part of some sources, by their numbers."""
        self._visits.scopes = scopes

    @property
    def left_out(self) -> set[str]:
        """The paths of the files of Wherein that were left out."""
        return self._visits.own.found

    @property
    def tally(self) -> Counter[str]:
        """Counts by the field names of `Summary`."""
        return self._log.tally

    @property
    def adopted(self) -> set[str]:
        """The URIs of files that were renamed since they were read."""
        return self._files.adopted

    def problem(self, kind: str, uri: str, reason: str) -> None:
        """Count and report what is not ingested; `kind` is skipped or failed."""
        self._log.problem(kind, uri, reason)

    def note(self, uri: str, text: str) -> None:
        """Report what the user should know of a source."""
        self._report(Note(uri, text))

    def look_ahead(self, sources: Sequence[Source]) -> None:
        """Sum up the files that `ingest` will have to read, so that the time left can be estimated."""
        self._visits.prepare(sources)
        self._report(self._ahead.survey(map(self._visits.begin, sources)))

    def ingest(self, sources: Sequence[Source]) -> None:
        """Bring the library up to date with paths and web pages; nothing is removed."""
        self._visits.prepare(sources)
        try:
            self._embed(
                missing
                for source in sources
                for missing in (self._page(source) if source.kind == "web" else self._path(source))
            )
            if not self.stopped:
                self.unsettled = self._files.settle()
        finally:
            self._pool.close()

    def ingest_stream(self, source: Source, name: str, data: bytes) -> None:
        """Ingest what came on standard input, under the source's URI."""
        try:
            task = self._pool.submit(Job(name, data, source.reading, max_size=source.max_size))
            self._embed(self._files.ingest_stream(source.uri, task))
        finally:
            self._pool.close()

    def close(self) -> None:
        """End the processes that read and embed; also after an error before anything was read."""
        self._pool.close()

    def finish_repairs(self) -> None:
        """Complete what a repair left: chunk texts that have no chunks, embed passages that have no vector."""
        self._embed(self._unchunked())
        self._embed(self._without_vector())

    def _unchunked(self) -> ModelInputs:
        for uri, title, media_type, text, metadata, notes in torn_documents(self._db):
            document = Document(title, text, media_type, metadata=json.loads(metadata), notes=tuple(json.loads(notes)))
            yield from self._documents.ingest(uri, document)

    def _without_vector(self) -> ModelInputs:
        for batch in passages_without_vector(self._db, self.model.id, BATCH_SIZE):
            inputs = {one.name: one for one in batch}
            claimed = self._queue.claim(inputs)
            self.tally["embedded"] += len(claimed)
            yield from tokenize(self.encoder.tokenizer, inputs, claimed)

    def _embed(self, inputs: ModelInputs) -> None:
        self._queue.embed(inputs, self._is_over)

    def _is_over(self) -> bool:
        self.stopped = self.stopped or self._stop()
        return self.stopped

    def _path(self, source: Source) -> ModelInputs:
        if self._is_over():  # tasks of the source before this may not have been taken
            return
        for visit in self._with_previews(source):
            if self._is_over():
                return
            if isinstance(visit, VisitedFile):
                yield from self._file(visit)
                self._queue.commit_if_due()
            elif isinstance(visit, Preview):
                self._ahead.preview(visit, self._queue.is_claimed)
            else:
                self.problem(visit.kind, visit.uri, visit.reason)

    def _with_previews(self, source: Source) -> Iterator[Visit | Preview]:
        """Yield what the walk of a source comes across, while the workers read the files that follow."""
        waiting: deque[Visit | Preview] = deque()
        for visit in self._visits.of_source(source):
            if visit:
                waiting.append(visit)
            if preview := self._ahead.next_preview(self._visits.submit):
                waiting.append(preview)
            if len(waiting) > _SUBMITTED_PER_WORKER * self._pool.jobs:
                yield waiting.popleft()
        yield from waiting

    def _file(self, file: VisitedFile) -> ModelInputs:
        before = self._documents.tokens
        yield from self._files.ingest(file)
        if file.task is not None:
            cost = self._ahead.read(file.path, file.state.size, self._documents.tokens - before)
            # An empty write: its turn comes when everything that the file needs is committed.
            self._queue.add(lambda: None, done=partial(self._ahead.done, cost))

    @cached_property
    def _web(self) -> "WebSource":
        from wherein.ingest.sources.web_source import WebSource

        return WebSource()

    def _page(self, source: Source) -> ModelInputs:
        """Ingest a web page. Only one that its server says is gone is not in `seen`."""
        if self._is_over():
            return
        uri = source.uri
        walked = self._visits.begin(source)
        self.walks.append(walked)
        if is_purged(self._db, uri) and uri not in self.named:
            self.seen.add(uri)
            walked.reached(uri)
            self.problem("skipped", uri, PURGED)
            return
        from wherein.ingest.sources.web import Gone  # late: few runs need HTTP and TLS

        record = find_file(self._db, uri)
        try:
            fetched = self._web.fetch(source, self._visits.known(uri, record), max_size_of(source))
        except Unreadable as problem:
            if not isinstance(problem, Gone):
                self.seen.add(uri)
                walked.unseen.clear()
            self.problem("failed", uri, str(problem))
            return
        self.seen.add(uri)
        walked.reached(uri)
        if fetched is not None:
            yield from self._fetched(source, fetched, record)
        elif record is not None:
            self._queue.add(partial(follow_file, self._db, uri, source.id))
            self._files.unchanged(record)
        self._queue.commit_if_due()

    def _fetched(self, source: Source, fetched: "FetchedPage", record: FileRecord | None) -> ModelInputs:
        page, validators = fetched.page, fetched.page.validators
        uri = source.uri
        task = self._visits.submit(source, page.name, self._visits.known(uri, record), page.data)
        visit = VisitedFile(source, uri, page.name, fetched.state, record, task, uri in self.named)
        yield from self._files.ingest(visit)
        # Behind the page's documents: with the headers of a page that was not committed, it is not fetched again.
        self._queue.add(partial(remember_version, self._db, source.id, validators.etag, validators.modified))

    def _committed(self, hashes: list[bytes]) -> None:
        self._ahead.embedded(hashes)
        if self.indexed:
            fold_within_run(self._db, self._folder, self.model)
        self._report_progress()

    def _report_progress(self) -> None:
        self._log.progress(self._ahead.bytes_done, self._ahead.bytes_total, self._ahead.seconds_left())

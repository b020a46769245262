"""One run over sources: files are found, read, cut into chunks, and what has no vector yet is embedded.

Files are read in other processes (`ingest/workers/pool.py`). The main thread chunks what these return, and commits,
while the encoder's threads calculate.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from wherein.embed.encoder import Encoder
from wherein.errors import Unreadable
from wherein.ingest.changes.unchanged import is_current, looks_unchanged, state_of
from wherein.ingest.commit import BATCH_SIZE, CommitQueue, ModelInputs, WriteQueue
from wherein.ingest.document import Document
from wherein.ingest.documents import PURGED, DocumentPipeline
from wherein.ingest.files import FileIngester, VisitedFile
from wherein.ingest.limits import DEFAULT_MAX_SIZE
from wherein.ingest.progress.dry_run import DryRunQueue, Sample
from wherein.ingest.progress.events import Note, Report, RunProblem
from wherein.ingest.progress.lookahead import LookAhead, Preview
from wherein.ingest.progress.run_log import RunLog
from wherein.ingest.sources.exclusions import exclusions_for
from wherein.ingest.sources.files import FoundFile, WalkError
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.source_walk import SourceWalk
from wherein.ingest.sources.web import Gone
from wherein.ingest.sources.web_source import FetchedPage, WebSource
from wherein.ingest.uri import file_uri
from wherein.ingest.workers.parse import Job
from wherein.ingest.workers.pool import ParseTask, Pool
from wherein.storage.backup.archive import SUFFIX
from wherein.storage.catalog.exclusions import excluded
from wherein.storage.catalog.file_sources import aliases_of_source, files_of_source, follow_file, save_aliases
from wherein.storage.catalog.files import FileRecord, find_file
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import Source, list_sources, remember_version
from wherein.storage.index.folding import fold_if_due
from wherein.storage.repair.row_check import passages_without_vector, torn_documents

__all__ = ["IngestRun"]

# Files that are submitted to each worker before the first of them is taken.
_SUBMITTED_PER_WORKER = 4

Visit = VisitedFile | Preview | RunProblem


class IngestRun:
    """One run over some sources; only what is committed is in its `tally`.

    When `stop` returns True the run ends at the next safe point, and `stopped` is True; the next run resumes there.
    `pool` has the processes that read the files. With a `plan` nothing is embedded and nothing written: `plan` gets
    what would be embedded, and the tally what would be done. `seen` are the URIs of all files and pages that exist,
    `walk_errors` those that could not be walked, `walks` the walks that were completed, `named` the URIs that the user
    named and that are no longer excluded. `own` recognizes the files of Wherein, and `watch` has the exclusions of
    which the walks note whether they match anything.
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
        self.stopped = False
        self.seen: set[str] = set()
        self.walk_errors: list[str] = []
        self.walks: list[SourceWalk] = []
        self.own = OwnFiles(str(folder))
        self.watch: frozenset[str] = frozenset()
        self.named: frozenset[str] = frozenset()
        self.model = model
        self.encoder = encoder
        self._db = db
        self._folder = folder
        self._report = report
        self._stop = stop
        self._pool = pool or Pool()
        self._web = WebSource()
        self._log = RunLog(report)
        self._ahead = LookAhead(db, model, encoder)
        self._sources: list[Source] = []
        self._queue: WriteQueue = CommitQueue(db, model, encoder, "ingest.batch", self._committed)
        if plan:
            self._queue = DryRunQueue(plan, self._report_progress)
        self._documents = DocumentPipeline(db, model, encoder, self._queue, self._log)
        self._files = FileIngester(db, self._documents, self._queue, self._log)

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
        self._sources = self._with_stored(sources)
        self._report(self._ahead.survey(map(self._begin, sources)))

    def ingest(self, sources: Sequence[Source]) -> None:
        """Bring the library up to date with paths and web pages; nothing is removed."""
        self._sources = self._with_stored(sources)
        try:
            self._embed(
                missing
                for source in sources
                for missing in (self._page(source) if source.kind == "web" else self._path(source))
            )
        finally:
            self._pool.close()

    def ingest_stream(self, source: Source, name: str, data: bytes) -> None:
        """Ingest what came on standard input, under the source's URI."""
        try:
            task = self._pool.submit(Job(name, data, source.fields, max_size=source.max_size))
            self._embed(self._files.ingest_stream(source.uri, task))
        finally:
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
            texts = dict(batch)
            claimed = self._queue.claim(texts)
            self.tally["embedded"] += len(claimed)
            contexts = self.encoder.tokenizer.contexts([texts[name] for name in claimed])
            yield from zip(claimed, contexts, strict=True)

    def _embed(self, inputs: ModelInputs) -> None:
        self._documents.purged = frozenset(u for u in excluded(self._db) if u.partition("#")[0] not in self.named)
        self._queue.embed(inputs, self._is_over)

    def _is_over(self) -> bool:
        self.stopped = self.stopped or self._stop()
        return self.stopped

    def _path(self, source: Source) -> ModelInputs:
        if self._is_over():  # tasks of the source before this may not have been taken
            return
        for visit in self._visits(source):
            if self._is_over():
                return
            if isinstance(visit, VisitedFile):
                yield from self._file(visit)
                self._queue.commit_if_due()
            elif isinstance(visit, Preview):
                self._ahead.preview(visit, self._queue.is_claimed)
            else:
                self.problem(visit.kind, visit.uri, visit.reason)

    def _with_stored(self, sources: Iterable[Source]) -> list[Source]:
        """Return all sources of the library, with those that are ingested as they are given: a plan stores none."""
        known = {source.uri: source for source in list_sources(self._db)}
        return list((known | {source.uri: source for source in sources}).values())

    def _begin(self, source: Source) -> SourceWalk:
        known = files_of_source(self._db, source.id)
        return SourceWalk(source, exclusions_for(source, self._sources, self.watch), self.own, known)

    def _visits(self, source: Source) -> Iterator[Visit]:
        """Yield what the walk of a source comes across, while the workers read the files that follow."""
        waiting: deque[Visit] = deque()
        walked = self._begin(source)
        for found in walked.files():
            visit = self._error(walked, found) if isinstance(found, WalkError) else self._reach(walked, found)
            if visit:
                waiting.append(visit)
            if preview := self._ahead.next_preview(self._submit):
                waiting.append(preview)
            if len(waiting) > _SUBMITTED_PER_WORKER * self._pool.jobs:
                yield waiting.popleft()
        self._note_aliases(walked)
        self.walks.append(walked)
        yield from waiting

    def _error(self, walked: SourceWalk, found: WalkError) -> RunProblem | None:
        uri = file_uri(found.path)
        walked.failed(uri)
        if uri in self.seen or uri in self.walk_errors:
            return None
        self.walk_errors.append(uri)
        return RunProblem("failed", uri, found.reason)

    def _reach(self, walked: SourceWalk, found: FoundFile) -> VisitedFile | RunProblem | None:
        """Note that the source covers a file; return the visit to it, None when it was visited for another source."""
        uri, now = file_uri(found.path), state_of(found, time.time_ns())
        record = find_file(self._db, uri)
        same = record is not None and looks_unchanged(record, now, walked.source.fields)
        if (not same or found.path.endswith(SUFFIX)) and self.own.is_own_file(found.path):
            return None
        was_covered = walked.reached(uri)
        if not was_covered and (record or uri in self.seen):
            self._queue.add(partial(follow_file, self._db, uri, walked.source.id))
        if uri in self.seen:
            return None
        self.seen.add(uri)
        if uri in self._documents.purged:
            return RunProblem("skipped", uri, PURGED)
        task = None if same else self._submit(walked.source, found.path, record)
        return VisitedFile(walked.source, uri, found.path, now, record, task)

    def _note_aliases(self, walked: SourceWalk) -> None:
        known = aliases_of_source(self._db, walked.source.id)
        aliases = walked.aliases(known)
        if aliases != known:
            self._queue.add(partial(save_aliases, self._db, walked.source.id, aliases))

    def _submit(
        self, source: Source, path: str, record: FileRecord | None = None, data: bytes | None = None
    ) -> ParseTask:
        # What an older reader or chunker made of the same bytes is not up to date.
        known = record.content_hash if record and is_current(record, source.fields) else None
        return self._pool.submit(Job(path, data, source.fields, known, _max_size(source)))

    def _file(self, file: VisitedFile) -> ModelInputs:
        before = self._documents.tokens
        yield from self._files.ingest(file)
        if file.task is not None:
            cost = self._ahead.read(file.path, file.state.size, self._documents.tokens - before)
            # An empty write: its turn comes when everything that the file needs is committed.
            self._queue.add(lambda: None, done=partial(self._ahead.done, cost))

    def _page(self, source: Source) -> ModelInputs:
        """Ingest a web page. Only one that its server says is gone is not in `seen`."""
        if self._is_over():
            return
        uri = source.uri
        walked = self._begin(source)
        self.walks.append(walked)
        if uri in self._documents.purged:
            self.seen.add(uri)
            walked.reached(uri)
            self.problem("skipped", uri, PURGED)
            return
        record = find_file(self._db, uri)
        try:
            fetched = self._web.fetch(source, record, _max_size(source))
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

    def _fetched(self, source: Source, fetched: FetchedPage, record: FileRecord | None) -> ModelInputs:
        page, validators = fetched.page, fetched.page.validators
        task = self._submit(source, page.name, record, page.data)
        yield from self._files.ingest(VisitedFile(source, source.uri, page.name, fetched.state, record, task))
        # Behind the page's documents: with the headers of a page that was not committed, it is not fetched again.
        self._queue.add(partial(remember_version, self._db, source.id, validators.etag, validators.modified))

    def _committed(self, hashes: list[bytes]) -> None:
        self._ahead.embedded(hashes)
        fold_if_due(self._db, self._folder, self.model)
        self._report_progress()

    def _report_progress(self) -> None:
        self._log.progress(self._ahead.bytes_done, self._ahead.bytes_total, self._ahead.seconds_left())


def _max_size(source: Source) -> int:
    return source.max_size or DEFAULT_MAX_SIZE

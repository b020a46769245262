"""The bulk pipeline: sources are walked, files read, texts chunked, and what has no vector yet is embedded.

Files are read in processes of their own (`ingest/workers/pool.py`); the main thread cuts and commits what they give
while the encoder's threads calculate. Vectors are committed as they come, so that an interrupted run has lost none; a
document is committed in one piece when its last vector is there.
"""

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from wherein.embed.encoder import Encoder, Matrix
from wherein.embed.tokenizer import Words
from wherein.errors import Unreadable
from wherein.ingest.changes.seen_keys import SeenKeys
from wherein.ingest.changes.unchanged import is_current, looks_unchanged, state_of, version_of
from wherein.ingest.chunker import chunk_words
from wherein.ingest.document import Document, Problem
from wherein.ingest.language import guess_language
from wherein.ingest.limits import DEFAULT_MAX_SIZE
from wherein.ingest.progress.dry_run import Sample
from wherein.ingest.progress.eta import EtaEstimator
from wherein.ingest.progress.events import Ahead, DocumentDone, Progress, Report, RunProblem
from wherein.ingest.progress.sampler import PendingFile
from wherein.ingest.readers import Skipped
from wherein.ingest.sources.files import FoundFile, WalkError, walk
from wherein.ingest.sources.web import Gone, Web
from wherein.ingest.sources.web_response import Page, Validators
from wherein.ingest.uri import file_path, file_uri, record_uri
from wherein.ingest.workers.parse import FAILED, LARGE, REFUSED, SKIPPED, Job, Trouble
from wherein.ingest.workers.pool import ParseTask, Pool
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.documents import (
    ChunkRow,
    DocumentRow,
    delete_document,
    document_version,
    documents_of_stream,
    each_document_of_file,
    model_input,
    save_document,
)
from wherein.storage.catalog.exclusions import excluded
from wherein.storage.catalog.files import (
    FileRecord,
    FileState,
    find_file,
    find_files_by_content,
    move_file,
    save_file,
    touch_file,
)
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import Source, remember_version
from wherein.storage.catalog.vectors import known_inputs, save_vectors
from wherein.storage.index.folding import fold_if_due
from wherein.storage.repair.rows import passages_without_vector, torn_documents

__all__ = ["BulkRun"]

# So many files are given to each worker before the first of them is taken.
_AHEAD = 4
_COMMIT_SECONDS = 1.0
_COMMIT_VECTORS = 512
_TOKENIZED_AT_ONCE = 64
_UNFINISHED = "the run that read it did not finish"
_REMOVED_FOR_GOOD = "removed for good; to have it again, ingest the file itself"

Missing = Iterator[tuple[bytes, list[int]]]


@dataclass(frozen=True)
class _Work:
    """A file that was read: its kind, its bytes, and the tokens of it that are embedded."""

    kind: str
    bytes: int
    tokens: int


@dataclass(frozen=True)
class _Cut:
    """A document's chunks, and by its hash each distinct input of the model, with the words that it has."""

    words: Words
    inputs: dict[bytes, tuple[str, tuple[int, int]]]
    rows: list[ChunkRow]
    coverage: Coverage


@dataclass(frozen=True)
class _Pending:
    """A write that waits for the vectors of `needs`, and what is done by it: a document or (a part of) a file."""

    needs: frozenset[bytes]
    write: Callable[[], object]
    document: DocumentDone | None = None
    file: _Work | None = None


@dataclass(frozen=True)
class _Met:
    """A file that was met: its state now, its record, and its reading, None when it need not be opened."""

    uri: str
    path: str
    state: FileState
    record: FileRecord | None
    reading: ParseTask | None


@dataclass(frozen=True)
class _Look:
    """A file that is read before its turn, only to tell how long it will take."""

    file: PendingFile
    reading: ParseTask


class BulkRun:
    """One run over some sources. `tally` counts by the field names of `Summary`; only what is committed is in it.

    When `stop` says so the run ends at the next safe point, and `stopped` is True; the next run goes on from there.
    `pool` has the processes that read the files. With a `plan` nothing is embedded and nothing written: that gets what
    would be embedded, and the tally what would be done.
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
        self.tally: Counter[str] = Counter()
        self.stopped = False
        self.seen: set[str] = set()
        self.walk_errors: list[str] = []
        self.adopted: set[str] = set()
        self.named: frozenset[str] = frozenset()
        self._db = db
        self._folder = folder
        self.model = model
        self.encoder = encoder
        self._report = report
        self._stop = stop
        self._pool = pool or Pool()
        self._plan = plan
        self._web = Web()
        self._excluded: frozenset[str] = frozenset()
        self._vectors: dict[bytes, Matrix] = {}
        self._under_way: set[bytes] = set()
        self._waiting: deque[_Pending] = deque()
        self._committed_at = time.monotonic()
        self._bytes_done = 0
        self._bytes_total: int | None = None
        self._tokens = 0
        self._remaining = EtaEstimator()

    def look_ahead(self, sources: Iterable[Source]) -> None:
        """Sum up the files that `take_in` will have to read, so that the time left can be told."""
        files, size = 0, 0
        for source in sources:
            for found in walk([source.uri], source.exclude) if source.kind == "path" else ():
                if isinstance(found, FoundFile) and not self._looks_unchanged(source, found):
                    self._remaining.expect(PendingFile(source, found.path, _kind(found.path), found.size))
                    files, size = files + 1, size + found.size
        self._bytes_total = size
        self._report(Ahead(files, size))

    def take_in(self, sources: Iterable[Source]) -> None:
        """Bring the library up to date with paths and web pages; nothing is removed."""
        try:
            self._embed(
                missing
                for source in sources
                for missing in (self._page(source) if source.kind == "web" else self._source(source))
            )
        finally:
            self._pool.close()

    def take_in_stream(self, source: Source, name: str, data: bytes) -> None:
        """Take in what came on standard input, under the source's uri."""
        try:
            self._embed(self._standard_input(source, name, data))
        finally:
            self._pool.close()

    def take_up(self) -> None:
        """Make whole what a repair left: embed passages that have no vector, cut texts without a file anew."""
        self._embed(self._torn())
        self._embed(self._without_vector())

    def _torn(self) -> Missing:
        for uri, title, media_type, text, metadata, notes in torn_documents(self._db):
            document = Document(title, text, media_type, metadata=json.loads(metadata), notes=tuple(json.loads(notes)))
            yield from self._document(uri, document, None, False)

    def _without_vector(self) -> Missing:
        for part in passages_without_vector(self._db, self.model.id, _TOKENIZED_AT_ONCE):
            texts = {name: text for name, text in part if name not in self._under_way}
            self._under_way.update(texts)
            self.tally["embedded"] += len(texts)
            yield from zip(texts, self.encoder.tokenizer.contexts(list(texts.values())), strict=True)

    def _embed(self, missing: Missing) -> None:
        self._excluded = frozenset(uri for uri in excluded(self._db) if uri.partition("#")[0] not in self.named)
        if self._plan:
            for _, ids in missing:
                self._plan.add(ids)
                self._commit_if_due()
            self._commit()
            return
        try:
            for name, vector in self.encoder.stream(missing):
                self._vectors[name] = vector
                self._commit_if_due()
                if self._is_over():
                    break
        finally:
            self._commit()

    def _is_over(self) -> bool:
        self.stopped = self.stopped or self._stop()
        return self.stopped

    # From a source to the texts that need a vector.

    def _source(self, source: Source) -> Missing:
        if self._is_over():  # readings of the source before this may not have been taken
            return
        for met in self._ahead(source):
            if self._is_over():
                return
            if isinstance(met, _Met):
                yield from self._file(source, met)
                self._commit_if_due()
            elif isinstance(met, _Look):
                self._look(met)
            else:
                self.problem(*met)

    def _ahead(self, source: Source) -> Iterator[_Met | _Look | tuple[str, str, str]]:
        """Yield what is met on the walk, files or problems, while later files are being read already."""
        waiting: deque[_Met | _Look | tuple[str, str, str]] = deque()
        for found in walk([source.uri], source.exclude):
            uri = file_uri(found.path)
            if uri in self.seen:
                continue
            if isinstance(found, WalkError):
                self.walk_errors.append(uri)
                waiting.append(("failed", uri, found.reason))
            else:
                self.seen.add(uri)
                waiting.append(self._met(source, uri, found))
            if file := self._remaining.unclear():
                waiting.append(_Look(file, self._submit(file.source, file.path, None)))
            if len(waiting) > _AHEAD * self._pool.jobs:
                yield waiting.popleft()
        yield from waiting

    def _met(self, source: Source, uri: str, found: FoundFile) -> _Met | tuple[str, str, str]:
        """Give a file to be read, unless it need not be opened."""
        if uri in self._excluded:
            return "skipped", uri, _REMOVED_FOR_GOOD
        now = state_of(found, time.time_ns())
        record = find_file(self._db, uri)
        if record and looks_unchanged(record, now, source.fields):
            return _Met(uri, found.path, now, record, None)
        return _Met(uri, found.path, now, record, self._submit(source, found.path, record))

    def _submit(self, source: Source, path: str, record: FileRecord | None, data: bytes | None = None) -> ParseTask:
        known = record.content_hash if record and is_current(record, source.fields) else None
        return self._pool.submit(Job(path, data, source.fields, known, source.max_size or DEFAULT_MAX_SIZE))

    def _page(self, source: Source) -> Missing:
        """Fetch a page. One of which the server says that it is gone is not in `seen`; one that cannot be had is."""
        if self._is_over():
            return
        uri = source.uri
        if uri in self._excluded:
            self.seen.add(uri)
            self.problem("skipped", uri, _REMOVED_FOR_GOOD)
            return
        record = find_file(self._db, uri)
        known = record is not None and record.state == "read" and is_current(record, source.fields)
        limit = source.max_size or DEFAULT_MAX_SIZE
        try:
            page = self._web.fetch(uri, limit, Validators(source.etag, source.modified) if known else Validators())
        except Unreadable as problem:
            if not isinstance(problem, Gone):
                self.seen.add(uri)
            self.problem("failed", uri, str(problem))
            return
        self.seen.add(uri)
        if page is None and record is not None:
            self._unchanged(record)
        elif page is not None:
            yield from self._fetched(source, page, record)
        self._commit_if_due()

    def _fetched(self, source: Source, page: Page, record: FileRecord | None) -> Missing:
        name, now = content_hash(page.data), time.time_ns()
        same = record if record and record.content_hash == name and is_current(record, source.fields) else None
        # A server that does not say when the page was modified: when it was first seen like this.
        modified = page.modified_ns or (same.state_on_disk.mtime_ns if same else now)
        state = FileState(len(page.data), modified, 0, 0, now)
        reading = self._submit(source, page.name, record, page.data)
        yield from self._read(source, _Met(source.uri, page.name, state, record, reading), reading)
        self._wait(partial(remember_version, self._db, source.id, page.validators.etag, page.validators.modified))

    def _file(self, source: Source, met: _Met) -> Missing:
        if met.reading is None:
            assert met.record is not None
            self._unchanged(met.record)
        else:
            before = self._tokens
            yield from self._read(source, met, met.reading)
            work = _Work(_kind(met.uri), met.state.size, self._tokens - before)
            self._remaining.met(met.path, work.kind, work.bytes, work.tokens)
            self._waiting.append(_Pending(frozenset(), _nothing, file=work))

    def _look(self, look: _Look) -> None:
        """Tell what will come of a file; what is wrong with it is told when its turn comes."""
        tokens: dict[bytes, int] = {}
        try:
            items = look.reading.documents() if not look.reading.opened().last else ()
            for item in items:
                if isinstance(item, Document):
                    cut = self._cut(item)
                    tokens |= {name: cut.words.count(*words) for name, (_, words) in cut.inputs.items()}
        except Unreadable:
            pass
        for name in known_inputs(self._db, self.model.id, list(tokens)) | self._under_way:
            tokens.pop(name, None)
        self._remaining.looked(look.file, tokens)

    def _looks_unchanged(self, source: Source, found: FoundFile) -> bool:
        record = find_file(self._db, file_uri(found.path))
        return record is not None and looks_unchanged(record, state_of(found, time.time_ns()), source.fields)

    def _unchanged(self, record: FileRecord) -> None:
        if record.state == "read":
            self.tally["unchanged"] += record.documents
        else:
            self.problem(record.state, record.uri, record.reason)

    def _read(self, source: Source, met: _Met, reading: ParseTask) -> Missing:
        opened = reading.opened()
        if opened.same and met.record:
            self._wait(partial(touch_file, self._db, met.record.id, source.id, met.state))
            self._unchanged(met.record)
            return
        save = partial(
            save_file, self._db, met.uri, source.id, met.state, opened.hash, version=version_of(opened.label)
        )
        if opened.trouble:
            self._trouble(met.uri, opened.trouble, save)
            return
        assert opened.hash is not None
        if not self._plan:
            self.encoder.prepare()
        moved = met.record is None and self._adopt(met.uri, opened.hash)
        try:
            found = yield from self._documents(met.uri, reading.documents(), save, moved)
        except Unreadable as problem:
            kind = SKIPPED if isinstance(problem, Skipped) else FAILED
            self._trouble(met.uri, Trouble(kind, str(problem)), save)
        else:
            self._wait(partial(self._close_file, save, found))
            if self._plan and met.record:
                self.tally["removed"] += len(found.missing(each_document_of_file(self._db, met.record.id)))

    def _trouble(self, uri: str, trouble: Trouble, save: Callable[..., int]) -> None:
        if trouble.kind in (REFUSED, LARGE):
            # Not recorded: it may be granted next time, or allowed, without any change to the file.
            self.problem("failed", uri, trouble.reason)
            return
        self.problem(trouble.kind, uri, trouble.reason)
        self._wait(partial(save, state=trouble.kind, reason=trouble.reason))

    def _adopt(self, uri: str, name: bytes) -> bool:
        """Give the documents of a file that has this content, and is gone from its place, the new uri."""
        if file_path(uri) is None:
            return False
        for record in find_files_by_content(self._db, name):
            if record.uri in self.adopted:
                continue
            path = file_path(record.uri)
            if record.documents and record.state == "read" and path is not None and not os.path.lexists(path):
                if self._plan:
                    self.adopted.add(record.uri)
                    return True
                self._commit()
                with writing(self._db, "ingest.move"):
                    move_file(self._db, record, uri)
                return True
        return False

    def _documents(
        self,
        uri: str,
        items: Iterable[Document | Problem],
        save: Callable[..., int] | None,
        moved: bool = False,
    ) -> Generator[tuple[bytes, list[int]], None, SeenKeys]:
        """Queue each document of a file and yield what must be embedded for it; return the uris found."""
        found = SeenKeys()
        for item in items:
            here = record_uri(uri, item.key)
            found.add(here)
            if here in self._excluded:
                self.problem("skipped", here, _REMOVED_FOR_GOOD)
            elif isinstance(item, Problem):
                self.problem("skipped" if item.skipped else "failed", here, item.reason)
            elif not item.text.strip():
                self.problem("skipped", here, "no text")
            else:
                yield from self._document(here, item, save, moved)
        return found

    def _document(self, uri: str, document: Document, save: Callable[..., int] | None, moved: bool) -> Missing:
        stored = document_version(self._db, uri)
        is_record = bool(document.key)
        if stored and is_record and self._same_record(stored, document) and not moved:
            self.tally["unchanged"] += 1
            return
        cut = self._cut(document)
        names = list(cut.inputs)
        needed = set(names) - known_inputs(self._db, self.model.id, names)
        missing = [name for name in names if name in needed and name not in self._under_way]
        kind = "moved" if moved else "changed" if stored else "new"
        self._under_way.update(missing)
        self._waiting.append(
            _Pending(
                frozenset(needed),
                partial(self._save_document, uri, document, cut.rows, cut.coverage, save),
                DocumentDone(kind, uri, len(cut.rows), len(missing), len(cut.rows) - len(missing)),
            )
        )
        for first in range(0, len(missing), _TOKENIZED_AT_ONCE):
            part = missing[first : first + _TOKENIZED_AT_ONCE]
            texts, spans = zip(*(cut.inputs[name] for name in part), strict=True)
            for name, ids in zip(part, self.encoder.tokenizer.passages(texts, cut.words, spans), strict=True):
                self._tokens += len(ids)
                yield name, ids

    def _same_record(self, stored: tuple[bytes, str, str, bool], document: Document) -> bool:
        text_hash, title, metadata, current = stored
        same_metadata = json.loads(metadata) == dict(document.metadata)
        return current and same_metadata and title == document.title and text_hash == content_hash(document.text)

    def _cut(self, document: Document) -> _Cut:
        inputs, rows = {}, []
        words = self.encoder.tokenizer.words(document.text)
        for span in chunk_words(document.text, document.marks, words, self.encoder.tokenizer.context_tokens):
            text = model_input(document.text, span.start, span.end)
            name = content_hash(text)
            inputs[name] = text, span.words
            rows.append(ChunkRow(span.start, span.end, name, span.mark.page, span.mark.heading))
        coverage = Coverage(int(words.tokens.sum()), words.unknown, guess_language(document.text))
        return _Cut(words, inputs, rows, coverage)

    def _standard_input(self, source: Source, name: str, data: bytes) -> Missing:
        reading = self._pool.submit(Job(name, data, source.fields, max_size=source.max_size))
        opened = reading.opened()
        try:
            if opened.trouble:
                kind = SKIPPED if opened.trouble.kind == SKIPPED else FAILED
                self.problem(kind, source.uri, opened.trouble.reason)
                return
            found = yield from self._documents(source.uri, reading.documents(), None)
        except Unreadable as problem:
            self.problem("skipped" if isinstance(problem, Skipped) else "failed", source.uri, str(problem))
        else:
            self._wait(lambda: self._drop(documents_of_stream(self._db, source.uri).items(), found))

    # What is written, in order, when its vectors are there.

    def _wait(self, write: Callable[[], object]) -> None:
        self._waiting.append(_Pending(frozenset(), write))

    def _save_document(
        self,
        uri: str,
        document: Document,
        rows: list[ChunkRow],
        coverage: Coverage,
        save: Callable[..., int] | None,
    ) -> None:
        file_id = save(state="failed", reason=_UNFINISHED) if save else None
        row = DocumentRow(
            uri,
            file_id,
            document.title,
            document.media_type,
            document.text,
            document.metadata,
            document.notes,
            rows,
            coverage,
        )
        save_document(self._db, row)

    def _close_file(self, save: Callable[..., int], found: SeenKeys) -> None:
        """Call a file read, and drop what an earlier version of it held and this one does not."""
        self._drop(each_document_of_file(self._db, save(state="read")), found)

    def _drop(self, documents: Iterable[tuple[str, int]], found: SeenKeys) -> None:
        for document_id in found.missing(documents):
            delete_document(self._db, document_id)
            self.tally["removed"] += 1

    def _commit_if_due(self) -> None:
        late = time.monotonic() - self._committed_at > _COMMIT_SECONDS
        if late or len(self._vectors) >= _COMMIT_VECTORS:
            self._commit()

    def _commit(self) -> None:
        """Commit the vectors at hand and every document that is complete with them."""
        if self._plan:
            while self._waiting:
                self._count(self._waiting.popleft())
            self._committed_at = time.monotonic()
            self._report(self._progress())
            return
        names = list(self._vectors)
        self._remaining.embedded(names)
        self._under_way.difference_update(names)
        ready = 0
        with writing(self._db, "ingest.batch"):
            if names:
                save_vectors(self._db, self.model.id, names, np.stack([self._vectors[name] for name in names]))
            for pending in self._waiting:
                if pending.needs & self._under_way:
                    break
                pending.write()
                ready += 1
        self._vectors.clear()
        for _ in range(ready):
            self._count(self._waiting.popleft())
        fold_if_due(self._db, self._folder, self.model)
        self._committed_at = time.monotonic()
        self._report(self._progress())

    def _count(self, pending: _Pending) -> None:
        if done := pending.document:
            counts = {done.kind: 1, "chunks": done.chunks, "reused": done.reused, "embedded": done.embedded}
            self.tally.update(counts)
            self._report(done)
        if work := pending.file:
            self._bytes_done += work.bytes
            self._remaining.done(work.kind, work.bytes, work.tokens)

    def _progress(self) -> Progress:
        documents = sum(self.tally[kind] for kind in ("new", "changed", "unchanged", "moved"))
        left = None if self._bytes_total is None else self._remaining.seconds()
        return Progress(
            documents, self.tally["chunks"], self.tally["embedded"], self._bytes_done, self._bytes_total, left
        )

    def problem(self, kind: str, uri: str, reason: str) -> None:
        """Count and tell what is not in; `kind` is skipped or failed."""
        self.tally[kind] += 1
        self._report(RunProblem(kind, uri, reason))


def _kind(name: str) -> str:
    """Return what tells files apart that have more or less to embed for their size."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a uri, or a path with odd bytes


def _nothing() -> None:
    pass

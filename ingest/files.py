"""One file that a worker reads: recorded, its documents queued, and what it no longer holds removed."""

import os
from dataclasses import dataclass, replace
from functools import partial

from sqlite_utils import Database

from wherein.errors import Unreadable
from wherein.ingest.changes.settling import UnsettledFiles
from wherein.ingest.changes.unchanged import version_of
from wherein.ingest.commit import ModelInputs, WriteQueue
from wherein.ingest.documents import DocumentPipeline, Origin, Outcome
from wherein.ingest.progress.run_log import RunLog
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.parse import FAILED, LARGE, REFUSED, SKIPPED, Opened, Trouble
from wherein.ingest.workers.pool import ParseTask
from wherein.storage.catalog.documents import delete_document, documents_of_stream, each_document_of_file
from wherein.storage.catalog.exclusions import (
    PURGED,
    PURGED_RECORDS,
    files_with_exclusions,
    forget_exclusions_of_file,
    has_exclusions,
    move_exclusions,
)
from wherein.storage.catalog.file_sources import move_to_source
from wherein.storage.catalog.files import (
    FileRecord,
    FileState,
    find_file,
    find_files_by_content,
    move_file,
    reread_when_next_seen,
    save_file,
    touch_file,
)
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sources import Source
from wherein.uri import file_path

__all__ = ["FileIngester", "VisitedFile", "is_incomplete"]


@dataclass(frozen=True)
class VisitedFile:
    """A file of a source, its state now, its record if it has one, and the task that reads it.

    `task` is None for a file that need not be opened, because it looks as its record says. `named` is whether the user
    named the file itself.
    """

    source: Source
    uri: str
    path: str
    state: FileState
    record: FileRecord | None
    task: ParseTask | None
    named: bool = False


def is_incomplete(db: Catalog, record: FileRecord) -> bool:
    """Whether documents of a file are not in the library, because they were removed or purged."""
    return record.reason in (PURGED, PURGED_RECORDS) or has_exclusions(db, record.uri)


class FileIngester:
    """Takes files from the workers, in the order in which they were submitted.

    `adopted` are the URIs of files that were renamed: their documents belong to another file now.
    """

    def __init__(self, db: Database, documents: DocumentPipeline, queue: WriteQueue, log: RunLog) -> None:
        self.adopted: set[str] = set()
        self._db = db
        self._documents = documents
        self._queue = queue
        self._log = log
        self._unsettled = UnsettledFiles()

    def settle(self) -> list[str]:
        """Hash the files again that were written just before they were read; call when everything is committed.

        Returns the URIs of those that are not settled yet.
        """
        return self._unsettled.settle(self._db)

    def ingest(self, file: VisitedFile) -> ModelInputs:
        """Queue what is new in a file and yield its model inputs without a vector."""
        if file.task is None:
            assert file.record is not None
            self.unchanged(file.record)
            return
        opened = file.task.opened()
        if opened.same and file.record:
            self._queue.add(partial(touch_file, self._db, file.record.id, file.state))
            self._queue.add(partial(self._unsettled.note, file.uri, file.state))
            self.unchanged(file.record)
        else:
            yield from self._read(file, file.task, opened)

    def ingest_stream(self, uri: str, task: ParseTask) -> ModelInputs:
        """Do the same for what came on standard input, which has no file."""
        opened = task.opened()
        if opened.trouble:
            # Without a file there is no record: a problem that would go unrecorded counts as failed.
            kind = SKIPPED if opened.trouble.kind == SKIPPED else FAILED
            self._log.problem(kind, uri, opened.trouble.reason)
            return
        origin = Origin(uri, named=True)
        try:
            outcome = yield from self._documents.ingest_all(origin, task.documents())
        except Unreadable as problem:
            self._log.problem(_kind_of(problem), uri, str(problem))
        else:
            self._finish(origin, outcome)
            self._remove(outcome.seen.missing(documents_of_stream(self._db, uri).items()))

    def unchanged(self, record: FileRecord) -> None:
        """Count a file that is as its record says, or report again why it was not read."""
        if record.state == "read":
            self._log.tally["unchanged"] += record.documents
        else:
            self._log.problem(record.state, record.uri, record.reason)

    def _read(self, file: VisitedFile, task: ParseTask, opened: Opened) -> ModelInputs:
        version = version_of(opened.label)
        save = partial(save_file, self._db, file.uri, file.source.id, file.state, opened.hash, version=version)
        origin = Origin(file.uri, save, opened.hash, file.record, named=file.named)
        if opened.trouble:
            self._trouble(origin, opened.trouble)
            return
        assert opened.hash is not None
        self._queue.prepare()  # the model is loaded in the background while the documents arrive
        origin = replace(origin, moved=self._follow(file, opened.hash))
        try:
            outcome = yield from self._documents.ingest_all(origin, task.documents())
        except Unreadable as problem:
            self._trouble(origin, Trouble(_kind_of(problem), str(problem)))
        else:
            self._finish(origin, outcome)
            self._queue.add(partial(self._unsettled.note, file.uri, file.state))
            # Documents that an earlier version of the file held, and this one does not.
            record = find_file(self._db, file.uri)
            self._remove(outcome.seen.missing(each_document_of_file(self._db, record.id)) if record else [])

    def _finish(self, origin: Origin, outcome: Outcome) -> None:
        """Queue that the origin was read to its end."""

        def finish() -> None:
            if origin.save:
                origin.save(**_state(outcome))
            if origin.named:
                forget_exclusions_of_file(self._db, origin.uri)

        self._queue.add(finish)

    def _trouble(self, origin: Origin, trouble: Trouble) -> None:
        assert origin.save is not None
        if self._documents.is_purged(origin.uri, origin):
            trouble = Trouble(SKIPPED, PURGED)  # what is wrong with it does not matter
        if trouble.kind in (REFUSED, LARGE):
            # Not recorded: it may be allowed next time without any change to the file.
            self._log.problem("failed", origin.uri, trouble.reason)
            return
        self._log.problem(trouble.kind, origin.uri, trouble.reason)
        self._queue.add(partial(origin.save, state=trouble.kind, reason=trouble.reason))

    def _follow(self, file: VisitedFile, content_hash: bytes) -> bool:
        """Recognize a renamed file by its content; return whether its documents follow it.

        Exclusions follow their file even if it has no documents any more, or replaces another file.
        """
        if file_path(file.uri) is None:
            return False
        if file.record is None and (gone := self._gone_file(content_hash)):
            self.adopted.add(gone.uri)
            self._move(file, gone.uri, gone)
            return True
        for uri in files_with_exclusions(self._db, content_hash):
            if _is_gone(uri):
                self._move(file, uri)
                break
        return False

    def _gone_file(self, content_hash: bytes) -> FileRecord | None:
        """Return a file with this content that is gone, and whose documents no other file has adopted."""
        for record in find_files_by_content(self._db, content_hash):
            # Each file that is gone is adopted once, even if several new ones have its content.
            is_free = record.documents and record.state == "read" and record.uri not in self.adopted
            if is_free and _is_gone(record.uri):
                return record
        return None

    def _move(self, file: VisitedFile, uri: str, record: FileRecord | None = None) -> None:
        def move() -> None:
            move_exclusions(self._db, uri, file.uri)
            if record:
                move_file(self._db, record, file.uri)
                # Its title may be its name: a run that is killed before it has read the file must not be the last.
                reread_when_next_seen(self._db, record.id)
                move_to_source(self._db, record.id, file.source.id)  # its earlier sources do not cover its new path

        # At once and not queued: documents and exclusions are looked up under their new URIs next.
        self._queue.add_alone("ingest.move", move)

    def _remove(self, document_ids: list[int]) -> None:
        def delete() -> None:
            for document_id in document_ids:
                delete_document(self._db, document_id)

        self._queue.add(delete, done=partial(self._log.tally.update, removed=len(document_ids)))


def _state(outcome: Outcome) -> dict[str, str]:
    """Return state and reason of a file that was read to its end."""
    if not outcome.purged:
        return {"state": "read", "reason": ""}
    if not outcome.kept:
        return {"state": "skipped", "reason": PURGED}
    return {"state": "read", "reason": PURGED_RECORDS}


def _is_gone(uri: str) -> bool:
    path = file_path(uri)
    # `lexists`: a link that is broken for the moment is not gone.
    return path is not None and not os.path.lexists(path)


def _kind_of(problem: Unreadable) -> str:
    return SKIPPED if isinstance(problem, Skipped) else FAILED

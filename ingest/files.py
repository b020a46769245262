"""One file that a worker reads: recorded, its documents queued, and what it no longer holds removed."""

import os
from dataclasses import dataclass
from functools import partial

from sqlite_utils import Database

from wherein.errors import Unreadable
from wherein.ingest.changes.unchanged import version_of
from wherein.ingest.commit import ModelInputs, WriteQueue
from wherein.ingest.documents import DocumentPipeline, SaveFile
from wherein.ingest.progress.run_log import RunLog
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.parse import FAILED, LARGE, REFUSED, SKIPPED, Opened, Trouble
from wherein.ingest.workers.pool import ParseTask
from wherein.storage.catalog.documents import delete_document, documents_of_stream, each_document_of_file
from wherein.storage.catalog.file_sources import move_to_source
from wherein.storage.catalog.files import (
    FileRecord,
    FileState,
    find_file,
    find_files_by_content,
    move_file,
    save_file,
    touch_file,
)
from wherein.storage.catalog.sources import Source
from wherein.uri import file_path

__all__ = ["FileIngester", "VisitedFile"]


@dataclass(frozen=True)
class VisitedFile:
    """A file of a source, its state now, its record if it has one, and the task that reads it.

    `task` is None for a file that need not be opened, because it looks as its record says.
    """

    source: Source
    uri: str
    path: str
    state: FileState
    record: FileRecord | None
    task: ParseTask | None


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

    def ingest(self, file: VisitedFile) -> ModelInputs:
        """Queue what is new in a file and yield its model inputs without a vector."""
        if file.task is None:
            assert file.record is not None
            self.unchanged(file.record)
            return
        opened = file.task.opened()
        if opened.same and file.record:
            self._queue.add(partial(touch_file, self._db, file.record.id, file.state))
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
        try:
            seen = yield from self._documents.ingest_all(uri, task.documents(), None)
        except Unreadable as problem:
            self._log.problem(_kind_of(problem), uri, str(problem))
        else:
            self._remove(seen.missing(documents_of_stream(self._db, uri).items()))

    def unchanged(self, record: FileRecord) -> None:
        """Count a file that is as its record says, or report again why it was not read."""
        if record.state == "read":
            self._log.tally["unchanged"] += record.documents
        else:
            self._log.problem(record.state, record.uri, record.reason)

    def _read(self, file: VisitedFile, task: ParseTask, opened: Opened) -> ModelInputs:
        version = version_of(opened.label)
        save = partial(save_file, self._db, file.uri, file.source.id, file.state, opened.hash, version=version)
        if opened.trouble:
            self._trouble(file.uri, opened.trouble, save)
            return
        assert opened.hash is not None
        self._queue.prepare()  # the model is loaded in the background while the documents arrive
        moved = file.record is None and self._adopt(file, opened.hash)
        try:
            seen = yield from self._documents.ingest_all(file.uri, task.documents(), save, moved)
        except Unreadable as problem:
            self._trouble(file.uri, Trouble(_kind_of(problem), str(problem)), save)
        else:
            self._queue.add(partial(save, state="read"))
            # Documents that an earlier version of the file held, and this one does not.
            record = find_file(self._db, file.uri)
            self._remove(seen.missing(each_document_of_file(self._db, record.id)) if record else [])

    def _trouble(self, uri: str, trouble: Trouble, save: SaveFile) -> None:
        if trouble.kind in (REFUSED, LARGE):
            # Not recorded: it may be allowed next time without any change to the file.
            self._log.problem("failed", uri, trouble.reason)
            return
        self._log.problem(trouble.kind, uri, trouble.reason)
        self._queue.add(partial(save, state=trouble.kind, reason=trouble.reason))

    def _adopt(self, file: VisitedFile, content_hash: bytes) -> bool:
        """Give a new file the documents of one with the same content that is gone: it was renamed."""
        uri = file.uri
        if file_path(uri) is None:
            return False
        for record in find_files_by_content(self._db, content_hash):
            path = file_path(record.uri)
            # Each file that is gone is adopted once, even if several new ones have its content.
            is_free = record.documents and record.state == "read" and record.uri not in self.adopted
            # `lexists`: a link that is broken for the moment is not gone.
            if is_free and path is not None and not os.path.lexists(path):
                self.adopted.add(record.uri)
                # At once and not queued: the documents are looked up under their new URIs next.
                self._queue.add_alone("ingest.move", partial(self._move, record, file))
                return True
        return False

    def _move(self, record: FileRecord, file: VisitedFile) -> None:
        move_file(self._db, record, file.uri)
        move_to_source(self._db, record.id, file.source.id)  # its earlier sources do not cover its new path

    def _remove(self, document_ids: list[int]) -> None:
        def delete() -> None:
            for document_id in document_ids:
                delete_document(self._db, document_id)

        self._queue.add(delete, done=partial(self._log.tally.update, removed=len(document_ids)))


def _kind_of(problem: Unreadable) -> str:
    return SKIPPED if isinstance(problem, Skipped) else FAILED

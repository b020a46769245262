"""The bulk pipeline: sources are walked, files read, texts chunked, and what has no vector yet is embedded.

The main thread reads ahead and commits while the encoder's threads calculate. Vectors are committed as they come, so
that an interrupted run has lost none; a document is committed in one piece when its last vector is there.
"""

import io
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from embed.encoder import Encoder, Matrix
from errors import Unreadable
from ingest.chunker import chunk
from ingest.document import Document, Problem
from ingest.intake import Content, looks_unchanged, opened, state_of, version_of
from ingest.readers import HEAD_BYTES, Skipped, choose
from ingest.summary import Progress, Report, RunProblem
from ingest.uri import file_path, file_uri, record_uri
from ingest.walk import FoundFile, Unwalkable, walk
from storage.checksum import content_hash
from storage.connection import writing
from storage.documents import ChunkRow, DocumentRow, delete_document, documents_of_file, model_input, save_document
from storage.files import FileRecord, FileState, find_file, find_files_by_content, move_file, save_file, touch_file
from storage.generations import fold_if_due
from storage.models import StoredModel
from storage.sources import Source
from storage.vectors import known_inputs, save_vectors

__all__ = ["DEFAULT_MAX_SIZE", "BulkRun"]

DEFAULT_MAX_SIZE = 64 << 20
"""Bytes above which a file is not read unless the user says so; JSONL counts by the record."""

_COMMIT_SECONDS = 1.0
_COMMIT_VECTORS = 512
_TOKENIZED_AT_ONCE = 64
_UNFINISHED = "the run that read it did not finish"

Missing = Iterator[tuple[bytes, list[int]]]


@dataclass(frozen=True)
class _Pending:
    """A write that waits for the vectors of `needs`, and what it adds to the tally."""

    needs: frozenset[bytes]
    write: Callable[[], None]
    counts: dict[str, int]


class BulkRun:
    """One run over some sources. `tally` counts by the field names of `Summary`; only what is committed is in it."""

    def __init__(self, db: Database, folder: Path, model: StoredModel, encoder: Encoder, report: Report) -> None:
        self.tally: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.unwalkable: list[str] = []
        self._db = db
        self._folder = folder
        self._model = model
        self._encoder = encoder
        self._report = report
        self._vectors: dict[bytes, Matrix] = {}
        self._under_way: set[bytes] = set()
        self._waiting: deque[_Pending] = deque()
        self._committed_at = time.monotonic()
        self._bytes_seen = 0

    def take_in(self, sources: Iterable[Source]) -> None:
        """Bring the library up to date with path sources; nothing is removed."""
        self._embed(missing for source in sources for missing in self._source(source))

    def take_in_stream(self, source: Source, name: str, data: bytes) -> None:
        """Take in what came on standard input, under the source's uri."""
        self._embed(self._standard_input(source, name, data))

    def _embed(self, missing: Missing) -> None:
        try:
            for name, vector in self._encoder.stream(missing):
                self._vectors[name] = vector
                self._commit_if_due()
        finally:
            self._commit()

    # From a source to the texts that need a vector.

    def _source(self, source: Source) -> Missing:
        for found in walk([source.uri], source.exclude):
            uri = file_uri(found.path)
            if uri in self.seen:
                continue
            if isinstance(found, Unwalkable):
                self.unwalkable.append(uri)
                self._problem("failed", uri, found.reason)
                continue
            self.seen.add(uri)
            self._bytes_seen += found.size
            yield from self._file(source, uri, found)
            self._commit_if_due()

    def _file(self, source: Source, uri: str, found: FoundFile) -> Missing:
        now = state_of(found, time.time_ns())
        record = find_file(self._db, uri)
        if record and looks_unchanged(record, now):
            self._unchanged(record)
            return
        try:
            with opened(found.path) as content:
                if record and self._same_content(record, content):
                    self._wait(partial(touch_file, self._db, record.id, source.id, now))
                    self._unchanged(record)
                else:
                    yield from self._content(source, uri, now, content, record)
        except Unreadable as problem:
            # What the file system refuses may be granted next time without any change to the file: not recorded.
            self._problem("failed", uri, str(problem))

    def _same_content(self, record: FileRecord, content: Content) -> bool:
        version_is_current = looks_current(record)
        return record.content_hash == content.hash and version_is_current

    def _unchanged(self, record: FileRecord) -> None:
        if record.state == "read":
            self.tally["unchanged"] += record.documents
        else:
            self._problem(record.state, record.uri, record.reason)

    def _content(
        self, source: Source, uri: str, now: FileState, content: Content, record: FileRecord | None
    ) -> Missing:
        raise NotImplementedError

"""From the walks of the sources to the files that are to be read: each file is visited once, for all its sources."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from sqlite_utils import Database

from wherein.ingest.changes.unchanged import is_current, looks_unchanged, state_of
from wherein.ingest.commit import WriteQueue
from wherein.ingest.files import VisitedFile, is_incomplete
from wherein.ingest.limits import DEFAULT_MAX_SIZE
from wherein.ingest.progress.events import RunProblem
from wherein.ingest.sources.exclusions import exclusions_for
from wherein.ingest.sources.found import FoundFile, WalkError
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.scope import Scope
from wherein.ingest.sources.source_walk import SourceWalk
from wherein.ingest.workers.parse import Job
from wherein.ingest.workers.pool import ParseTask, Pool
from wherein.storage.backup.suffix import SUFFIX
from wherein.storage.catalog.file_sources import (
    aliases_of_source,
    files_below,
    files_of_source,
    follow_file,
    save_aliases,
)
from wherein.storage.catalog.files import FileRecord, find_file
from wherein.storage.catalog.sources import Source, list_sources
from wherein.uri import file_uri

__all__ = ["Visit", "Visits", "max_size_of"]

Visit = VisitedFile | RunProblem


class Visits:
    """Walks sources, notes which files they cover, and submits to the workers what has to be read.

    `seen` are the URIs of all files that exist, `walk_errors` those that could not be walked, `walks` the walks that
    were completed. `own` recognizes the files of Wherein; `watch` has the stored exclusions for which the walks note
    whether they match anything; `named` are the URIs that the user named. `scopes` restrict the walks of some sources,
    by their numbers, to a part of them.
    """

    def __init__(self, db: Database, queue: WriteQueue, pool: Pool) -> None:
        self.seen: set[str] = set()
        self.walk_errors: list[str] = []
        self.walks: list[SourceWalk] = []
        self.own: OwnFiles = OwnFiles()
        self.watch: frozenset[str] = frozenset()
        self.named: frozenset[str] = frozenset()
        self.scopes: Mapping[int, Scope] = {}
        self._db = db
        self._queue = queue
        self._pool = pool
        self._excluding: list[Source] = []

    def prepare(self, sources: Iterable[Source]) -> None:
        """Look up what all sources of the library exclude; `sources` count as they are given: a plan stores none."""
        known = {source.uri: source for source in list_sources(self._db)}
        merged = known | {source.uri: source for source in sources}
        self._excluding = [source for source in merged.values() if source.exclude]  # each walk looks at all of these

    def begin(self, source: Source) -> SourceWalk:
        """Return the walk of a source, before it begins."""
        scope = self.scopes.get(source.id)
        exclusions = exclusions_for(source, self._excluding, self.watch)
        return SourceWalk(source, exclusions, self.own, self._known_files(source, scope), scope=scope)

    def _known_files(self, source: Source, scope: Scope | None) -> dict[str, int]:
        if scope is None:
            return files_of_source(self._db, source.id)
        return files_below(self._db, source.id, map(file_uri, scope.real))

    def of_source(self, source: Source) -> Iterator[Visit | None]:
        """Yield what the walk of a source comes across, None for a file that was visited for another source."""
        walked = self.begin(source)
        for found in walked.files():
            yield self._error(walked, found) if isinstance(found, WalkError) else self._reach(walked, found)
        self._note_aliases(walked)
        self.walks.append(walked)

    def _error(self, walked: SourceWalk, found: WalkError) -> RunProblem | None:
        uri = file_uri(found.path)
        walked.failed(uri)
        if uri in self.seen or uri in self.walk_errors:
            return None
        self.walk_errors.append(uri)
        return RunProblem("skipped" if found.is_skipped else "failed", uri, found.reason)

    def _reach(self, walked: SourceWalk, found: FoundFile) -> VisitedFile | None:
        """Note that the source covers a file; return the visit to it, if it needs one."""
        uri, now = file_uri(found.path), state_of(found, time.time_ns())
        record = find_file(self._db, uri)
        known = self.known(uri, record)
        same = known is not None and looks_unchanged(known, now, walked.source.reading)
        if (not same or found.path.endswith(SUFFIX)) and self.own.is_own_file(found.path):
            return None
        was_covered = walked.reached(uri)
        if not was_covered and (record or uri in self.seen):
            self._queue.add(partial(follow_file, self._db, uri, walked.source.id))
        if uri in self.seen:
            return None
        self.seen.add(uri)
        task = None if same else self.submit(walked.source, found.path, known)
        if record is None:  # new: almost certainly it has to be embedded, and the model is loaded while it is read
            self._queue.prepare()
        return VisitedFile(walked.source, uri, found.path, now, record, task, uri in self.named)

    def known(self, uri: str, record: FileRecord | None) -> FileRecord | None:
        """Return the record that a file is compared with; None for one that has to be read, even if it is unchanged."""
        return None if record and uri in self.named and is_incomplete(self._db, record) else record

    def _note_aliases(self, walked: SourceWalk) -> None:
        known = aliases_of_source(self._db, walked.source.id)
        aliases = walked.aliases(known)
        if aliases != known:
            self._queue.add(partial(save_aliases, self._db, walked.source.id, aliases))

    def submit(
        self, source: Source, path: str, record: FileRecord | None = None, data: bytes | None = None
    ) -> ParseTask:
        """Have a worker read a file, or the `data` of a page."""
        # What an older reader or chunker made of the same bytes is not up to date.
        known = record.content_hash if record and is_current(record, source.reading) else None
        return self._pool.submit(Job(path, data, source.reading, known, max_size_of(source)))


def max_size_of(source: Source) -> int:
    """Return the size in bytes of the largest file of a source that is read."""
    return source.max_size or DEFAULT_MAX_SIZE

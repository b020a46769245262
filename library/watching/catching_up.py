"""Bringing a library up to date with what has changed in its sources, by the rules of a reindex, run after run."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH112, PTH120

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from wherein.ingest.changes.settling import UnsettledFiles
from wherein.ingest.changes.vanished import FORGOTTEN, remove_vanished
from wherein.ingest.progress.events import Report, Summary, summarize
from wherein.ingest.sources.names import name_of
from wherein.ingest.sources.scope import Scope, scope_of
from wherein.library.ingesting import RunFactory
from wherein.library.opening import open_for_writing
from wherein.library.stored_paths import resolve_paths
from wherein.storage.catalog.file_sources import aliases_of_source, files_below
from wherein.storage.catalog.files import documents_of_source, file_by_id
from wherein.storage.catalog.sources import Source, list_sources
from wherein.storage.index.folding import finish_indexes
from wherein.uri import file_path, file_uri

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.ingest.run import IngestRun
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["CatchUp"]


Scopes = dict[Source, Scope | None]
"""The sources to walk, each with the part that is to be walked; None for all of it."""


class CatchUp:
    """Looks at paths that have changed; `report` gets the events of each run, and `stop` ends one when it is True.

    More than a fifth of a source is not removed between two walks of all sources, however many runs it takes.
    """

    def __init__(self, runs: RunFactory, report: Report, stop: Callable[[], bool]) -> None:
        self._runs = runs
        self._report = report
        self._stop = stop
        self._lost: Counter[int] = Counter()
        self._unsettled: list[str] = []

    def walk(self) -> Summary:
        """Walk all sources. Raises LibraryBusy while another process writes."""
        return self._run(None)

    def look_at(self, paths: Collection[str]) -> Summary:
        """Look at paths that have changed, with what is below them. Raises LibraryBusy while another process writes."""
        return self._run(paths)

    @property
    def is_settled(self) -> bool:
        """Whether no file was written just before it was read in the last run."""
        return not self._unsettled

    def settle(self) -> None:
        """Hash the files again that were written just before they were read: ingest/changes/settling.py."""
        with open_for_writing(self._runs.folder, wait=False) as db:
            uris, self._unsettled = self._unsettled, []
            UnsettledFiles(uris).settle(db)

    def _run(self, paths: Collection[str] | None) -> Summary:
        began, lost_commits = time.monotonic(), list[str]()
        with open_for_writing(self._runs.folder, False, lost_commits.append) as db:
            run = self._runs.start(db, self._report, self._stop, lost_commits)
            resolve_paths(db)
            followed = [source for source in list_sources(db) if source.kind == "path"]
            scopes: Scopes = dict.fromkeys(followed) if paths is None else _scopes(db, followed, paths)
            run.restrict({source.id: scope for source, scope in scopes.items() if scope})
            before = {source.id: _documents(db, source, scope) for source, scope in scopes.items()}
            run.ingest(list(scopes))
            self._remove(db, run, is_whole=paths is None)
            self._count_lost(db, scopes, before, is_whole=paths is None)
            self._unsettled = run.unsettled
            finish_indexes(db, self._runs.folder, run.model)
        return summarize(run.tally, time.monotonic() - began)

    def _remove(self, db: Database, run: IngestRun, *, is_whole: bool) -> None:
        if run.stopped:
            return
        if is_whole:
            run.finish_repairs()

        def on_kept(source: Source, reason: str) -> None:
            run.problem("failed", source.uri, reason)

        gone = remove_vanished(db, run.walks, run.seen, on_kept, lost=self._lost)
        run.tally["removed"] += gone.documents
        for source in gone.sources:
            run.note(source.uri, FORGOTTEN)

    def _count_lost(self, db: Catalog, scopes: Scopes, before: Mapping[int, int], *, is_whole: bool) -> None:
        """Count the documents that each source has lost since all were walked, less those that it has got."""
        for source, scope in scopes.items():
            lost = before[source.id] - _documents(db, source, scope)
            self._lost[source.id] = max(0, self._lost[source.id] + lost)
        if is_whole:
            self._lost.clear()


def _scopes(db: Catalog, sources: Iterable[Source], paths: Collection[str]) -> Scopes:
    """Return the sources that paths belong to.

    Those that are absent are left out: their documents are kept until they are back.
    """
    scopes: Scopes = {}
    for source in sources:
        base = name_of(source).path
        aliases = {path: file_path(to) or "" for link, to in aliases_of_source(db, source.id).items()
                   if (path := file_path(link))}  # fmt: skip
        scope = scope_of(base, paths, aliases)
        if scope and not _is_absent(db, source, base):
            scopes[source] = None if scope.covers(base) and os.path.isdir(base) else scope
    return scopes


def _is_absent(db: Catalog, source: Source, base: str) -> bool:
    if os.path.lexists(base):
        return False
    uri = file_uri(base)
    return files_below(db, source.id, [uri]).keys() != {uri} or not os.path.isdir(os.path.dirname(base))


def _documents(db: Catalog, source: Source, scope: Scope | None) -> int:
    if scope is None:
        return documents_of_source(db, source.id)
    files = files_below(db, source.id, map(file_uri, scope.real)).values()
    return sum(record.documents for number in files if (record := file_by_id(db, number)))

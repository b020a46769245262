"""What an ingest reports of its sources at the end: exclusions, what is left out, what is not followed."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH112, PTH207

from __future__ import annotations

import glob
import os
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from wherein.ingest.sources.names import name_of
from wherein.library.sources import SourceRequest
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.fields import NO_FIELDS
from wherein.storage.catalog.file_sources import files_of_source, sources_of_file
from wherein.storage.catalog.files import delete_file, file_by_id, has_readable_file
from wherein.storage.catalog.sources import Source, forget_source, list_sources, save_fields
from wherein.storage.disk.counted import counted
from wherein.uri import display

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.ingest.run import IngestRun
    from wherein.ingest.sources.source_walk import SourceWalk
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["conclude", "forget_unused", "report_exclusions"]

_KEPT = "still excluded: {lines}; to drop them, run: wherein ingest --no-exclude {source}"
_NO_MATCH = "--exclude {pattern} matches nothing"
_NOW_EXCLUDED = "excluded now, and removed by the next reindex: {documents}"
_OWN = "belongs to a Wherein library and is left out"
_UNUSED = "nothing in it could be ingested, so it is not followed"
_FIELDS = "no record has these fields, so the source keeps its earlier ones"


def conclude(db: Database, run: IngestRun, request: SourceRequest, before: Sequence[Source]) -> None:
    """Report what a run over the sources of a request shows, and forget those that were new and of no use.

    `before` are the sources that the library had.
    """
    report_exclusions(db, run, request, before)
    known = {source.uri: source for source in before}
    useless = [walk for walk in run.walks if not _is_useful(db, walk)]
    forget_unused(db, run, [walk.source.uri for walk in useless if walk.source.uri not in known])
    for walk in useless:
        earlier = known.get(walk.source.uri)
        if earlier and earlier.fields != walk.source.fields:
            with writing(db, "ingest.sources"):
                save_fields(db, earlier.id, earlier.fields)
            run.note(walk.source.uri, _FIELDS)


def report_exclusions(db: Catalog, run: IngestRun, request: SourceRequest, before: Sequence[Source]) -> None:
    """Report exclusions that are kept, that match nothing, and that cover what is in the library."""
    _report_kept(run, request, before)
    matched = {line for walk in run.walks for line in walk.exclusions.matched}
    for pattern in request.exclude:
        if not any(line in matched or _is_there(walk, line) for line in request.lines(pattern) for walk in run.walks):
            run.note(", ".join(request.kinds), _NO_MATCH.format(pattern=shlex.quote(display(pattern))))
    for walk in run.walks:
        count = sum(_documents(db, number) for uri, number in walk.unseen.items() if walk.leaves_out(uri))
        if count:
            run.note(walk.source.uri, _NOW_EXCLUDED.format(documents=counted(count, "document")))
    for path in sorted(run.left_out):
        run.note(path, _OWN)


def _report_kept(run: IngestRun, request: SourceRequest, before: Sequence[Source]) -> None:
    if request.replace_exclusions:
        return
    for source in before:
        given = {line for pattern in request.exclude for line in request.lines(pattern)}
        kept = [line for line in source.exclude if line not in given]
        if source.uri in request.kinds and kept:
            run.note(source.uri, _KEPT.format(lines=display(" ".join(kept)), source=shlex.quote(display(source.uri))))


def _is_there(walk: SourceWalk, line: str) -> bool:
    """Whether there is something that a line names, inside a folder that is excluded itself, so that no walk saw it."""
    base = glob.escape(name_of(walk.source).path)
    return line.startswith("/") and any(True for _ in glob.iglob(base + line.replace("\\", ""), recursive=True))


def _documents(db: Catalog, file_id: int) -> int:
    record = file_by_id(db, file_id)
    return record.documents if record else 0


def _is_useful(db: Catalog, walk: SourceWalk) -> bool:
    """Whether a source is worth following: it is a folder, or something of it could be read."""
    source = walk.source
    if source.fields != NO_FIELDS and files_of_source(db, source.id):
        return has_readable_file(db, source.id)
    is_folder = source.kind == "path" and not source.pattern and os.path.isdir(source.uri)
    return is_folder or bool(walk.found) or bool(files_of_source(db, source.id))


def forget_unused(db: Database, run: IngestRun, uris: Iterable[str]) -> None:
    """Follow these sources no longer, and report it; files that could not be read leave the list of problems."""
    for source in [source for source in list_sources(db) if source.uri in set(uris)]:
        with writing(db, "ingest.sources"):
            files = files_of_source(db, source.id).values()
            forget_source(db, source.id)
            for number in files:
                if not sources_of_file(db, number) and not _documents(db, number):
                    delete_file(db, number)
        run.note(source.uri, _UNUSED)

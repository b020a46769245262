"""What a reindex removes: what no source covers any longer, because it is gone, excluded or without text by now."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from wherein.ingest.sources.source_walk import SourceWalk
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.file_sources import each_file_of_source, sources_of_file, unfollow_files, unfollowed_files
from wherein.storage.catalog.files import FileRecord, delete_file, documents_of_source, emptied_files, file_by_id
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sources import Source, forget_source
from wherein.uri import file_path

__all__ = ["FORGOTTEN", "Vanished", "remove_vanished", "vanished"]

FORGOTTEN = "the file is gone, and so are its documents; it is no longer followed"
"""What is reported of a source that is forgotten."""

NOTHING_LOST: Mapping[int, int] = {}

# When more documents of a source are gone than both of these allow, a disk may be unmounted.
_MAX_GONE, _MAX_GONE_SHARE = 10, 0.2
_ABSENT = (
    "the source is gone or empty; its documents are kept, because a disk may not be mounted. If it was deleted on"
    " purpose, run: wherein sources remove {number} --remove"
)
_TOO_MANY = (
    "{gone:,} of its {all:,} documents are gone; they are kept, because a disk may not be mounted. To remove"
    " them, run: wherein reindex --accept-removals"
)


@dataclass
class Vanished:
    """What is to be removed: `files` with their documents, the ids of files that a source covers no longer by the
    source's number in `uncovered`, and the `sources` that were single files and are gone.
    """

    files: list[FileRecord] = field(default_factory=list)
    uncovered: dict[int, list[int]] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    @property
    def documents(self) -> int:
        """The number of documents in the files."""
        return sum(record.documents for record in self.files)


def remove_vanished(
    db: Database,
    walks: Sequence[SourceWalk],
    seen: set[str],
    on_kept: Callable[[Source, str], None],
    *,
    accept: bool = False,
    lost: Mapping[int, int] = NOTHING_LOST,
) -> Vanished:
    """Remove what the walks of sources show to be gone or excluded, and return it.

    A file goes when no source covers it any more. A source that is missing, or a folder without a single file, may be a
    disk that is not mounted: nothing of it is removed, and `on_kept` gets it and the reason. The same holds for one of
    which more than a fifth is gone, unless `accept` is set; `lost` are the documents, by the source's number, that were
    removed shortly before and count with them. Nor is anything removed below a folder that could not be read. What is
    excluded is there, and goes in any case. Walks of a part of a source show nothing about the rest of it, and no
    source is forgotten because of them.
    """
    gone = vanished(db, walks, seen, on_kept, accept=accept, lost=lost)
    with writing(db, "reindex.remove"):
        for number, file_ids in gone.uncovered.items():
            unfollow_files(db, number, file_ids)
        for record in gone.files:
            delete_file(db, record.id)
        for source in gone.sources:
            forget_source(db, source.id)
        for file_id in unfollowed_files(db).values() if not any(walk.scope for walk in walks) else ():
            left = file_by_id(db, file_id)
            if left and not left.documents:  # a problem that nobody follows
                delete_file(db, file_id)
    return gone


def vanished(
    db: Catalog,
    walks: Sequence[SourceWalk],
    seen: set[str],
    on_kept: Callable[[Source, str], None],
    *,
    accept: bool = False,
    lost: Mapping[int, int] = NOTHING_LOST,
) -> Vanished:
    """Return what `remove_vanished` removes."""
    gone = Vanished()
    for walk in walks:
        certain, missing, hidden = _sorted(db, walk)
        emptied = _emptied(db, walk)
        earlier = None if accept else lost.get(walk.source.id, 0)
        if reason := _doubt(db, walk, [*missing, *emptied], hidden, seen, earlier):
            on_kept(walk.source, reason)
        else:
            certain += missing
            gone.files += emptied
        gone.uncovered[walk.source.id] = [record.id for record in certain]
        if walk.is_gone_file and not walk.scope:
            gone.sources.append(walk.source)
    gone.files = list({record.id: record for record in [*gone.files, *_uncovered(db, gone.uncovered)]}.values())
    return gone


def _sorted(db: Catalog, walk: SourceWalk) -> tuple[list[FileRecord], list[FileRecord], list[FileRecord]]:
    """Return the files that a source covers no longer for certain, those that may be on an unmounted disk, and those
    below a folder that could not be walked.
    """
    certain: list[FileRecord] = []
    missing: list[FileRecord] = []
    hidden: list[FileRecord] = []
    for uri, file_id in walk.unseen.items():
        record = file_by_id(db, file_id)
        if record is None or record.uri != uri:  # it was renamed
            continue
        if walk.leaves_out(uri) or not (record.documents or _is_there(uri)):
            certain.append(record)
        else:
            (hidden if walk.is_below_error(uri) else missing).append(record)
    return certain, missing, hidden


def _emptied(db: Catalog, walk: SourceWalk) -> list[FileRecord]:
    """Return the files of a walk that have no text any more, but still the documents of an earlier version."""
    if not walk.scope:
        return emptied_files(db, walk.source.id)
    records = (file_by_id(db, file_id) for file_id in walk.known.values())
    return [record for record in records if record and record.state == "skipped" and record.documents]


def _is_there(uri: str) -> bool:
    path = file_path(uri)
    return path is not None and os.path.lexists(path)


def _doubt(
    db: Catalog,
    walk: SourceWalk,
    missing: Sequence[FileRecord],
    hidden: Sequence[FileRecord],
    seen: set[str],
    earlier: int | None,
) -> str:
    """Return why the files that are missing from a walk are kept, "" if they are not.

    `earlier` documents of the source were removed shortly before; with None it does not matter how many are gone.
    """
    if walk.is_gone_file or not (missing or hidden):
        return ""
    if _is_absent(db, walk):
        return _ABSENT.format(number=walk.source.id)
    gone = sum(record.documents for record in missing if record.uri not in seen or record.state == "skipped")
    if not gone or earlier is None:
        return ""
    known = documents_of_source(db, walk.source.id)
    if gone + earlier > max(_MAX_GONE, _MAX_GONE_SHARE * (known + earlier)):
        return _TOO_MANY.format(gone=gone, all=known)
    return ""


def _is_absent(db: Catalog, walk: SourceWalk) -> bool:
    """Whether nothing of a source is there; of a page, this is so only if its server says that it is gone."""
    if walk.source.kind == "web" or walk.found:
        return False
    others = (uri for uri in each_file_of_source(db, walk.source.id) if uri not in walk.unseen)
    return not (walk.scope and any(map(_is_there, others)))


def _uncovered(db: Catalog, uncovered: dict[int, list[int]]) -> list[FileRecord]:
    """Return the files that lose their last source."""
    left: dict[int, set[int]] = {}
    for number, file_ids in uncovered.items():
        for file_id in file_ids:
            left.setdefault(file_id, set(sources_of_file(db, file_id))).discard(number)
    found = (file_by_id(db, file_id) for file_id, numbers in left.items() if not numbers)
    return [record for record in found if record]

"""What a reindex removes: documents whose file is gone from its source, or has no text any more."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlite_utils import Database

from wherein.ingest.uri import file_path
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.files import FileRecord, delete_file, followed_files
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sources import Source

__all__ = ["remove_vanished", "vanished"]

# More than so many documents, and more than this part of a source's, do not vanish in a day: a disk below it may be
# unmounted.
_MANY, _PART = 10, 0.2
_ABSENT = "the source is gone or empty; its documents are kept"
_TOO_MANY = (
    "{gone:,} of its {all:,} documents are gone; they are kept, because a disk may not be mounted. If they are to be"
    " removed: wherein reindex --accept-removals"
)


def remove_vanished(
    db: Database,
    sources: Sequence[Source],
    seen: set[str],
    walk_errors: Sequence[str],
    on_kept: Callable[[str, str], None],
    *,
    accept: bool = False,
) -> int:
    """Remove the files that the walk of `sources` did not meet, with their documents; return how many documents.

    A source that is missing, or a folder in which not one file was met, may be a disk that is not mounted: nothing
    of it is removed and `spared` is told its uri and why. The same holds for a source of which a fifth is gone, unless
    that is to be accepted. Nor is anything removed below a folder that could not be read.
    """
    gone = vanished(db, sources, seen, walk_errors, on_kept, accept=accept)
    with writing(db, "reindex.remove"):
        for record in gone:
            delete_file(db, record.id)
    return _documents(gone)


def vanished(
    db: Catalog,
    sources: Sequence[Source],
    seen: set[str],
    walk_errors: Sequence[str],
    on_kept: Callable[[str, str], None],
    *,
    accept: bool = False,
) -> list[FileRecord]:
    """Return the files that `remove_vanished` removes."""
    files: dict[int | None, list[FileRecord]] = {}
    for record in followed_files(db):
        files.setdefault(record.source_id, []).append(record)
    gone: list[FileRecord] = []
    known = {source.id: source for source in sources}
    for number, records in files.items():
        source = known.get(number) if number is not None else None
        if source is None:
            continue
        lost = [record for record in records if _is_gone(record, seen, walk_errors)]
        if not _present(source, records, seen):
            on_kept(source.uri, _ABSENT)
        elif not accept and _is_suspicious(records, lost):
            on_kept(source.uri, _TOO_MANY.format(gone=_documents(lost), all=_documents(records)))
        else:
            gone += lost
    return gone


def _documents(records: Sequence[FileRecord]) -> int:
    return sum(record.documents for record in records)


def _is_suspicious(records: Sequence[FileRecord], lost: Sequence[FileRecord]) -> bool:
    return _documents(lost) > max(_MANY, _PART * _documents(records))


def _present(source: Source, mine: Sequence[FileRecord], seen: set[str]) -> bool:
    if source.kind == "web":  # of a page that was only not to be had, it is known that it was met
        return True
    return any(record.uri in seen for record in mine) or _is_named_file(source, mine)


def _is_named_file(source: Source, mine: Sequence[FileRecord]) -> bool:
    """A source that was one file: when its folder is still there, the file is gone and not unmounted."""
    return [file_path(record.uri) for record in mine] == [source.uri] and Path(source.uri).parent.is_dir()


def _is_gone(record: FileRecord, seen: set[str], walk_errors: Sequence[str]) -> bool:
    if record.state == "skipped":
        return record.documents > 0
    return record.uri not in seen and not any(record.uri.startswith(f"{uri}/") for uri in walk_errors)

"""What a reindex removes: documents whose file is gone from its source, or no longer has text."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlite_utils import Database

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.files import FileRecord, delete_file, followed_files
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sources import Source
from wherein.uri import file_path

__all__ = ["remove_vanished", "vanished"]

# When more documents of a source are gone than both of these allow, a disk may be unmounted.
_MAX_GONE, _MAX_GONE_SHARE = 10, 0.2
_ABSENT = "the source is gone or empty; its documents are kept"
_TOO_MANY = (
    "{gone:,} of its {all:,} documents are gone; they are kept, because a disk may not be mounted. To remove"
    " them: wherein reindex --accept-removals"
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
    """Remove the files that the walk of `sources` did not see, with their documents; return the number of documents.

    A source that is missing, or a folder without a single file, may be a disk that is not mounted: nothing of it is
    removed, and `on_kept` gets its URI and the reason. The same holds for a source of which more than a fifth is gone,
    unless `accept` is set. Nor is anything removed below a folder that could not be read.
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
        if not _is_present(source, records, seen):
            on_kept(source.uri, _ABSENT)
        elif not accept and _is_suspicious(records, lost):
            on_kept(source.uri, _TOO_MANY.format(gone=_documents(lost), all=_documents(records)))
        else:
            gone += lost
    return gone


def _documents(records: Sequence[FileRecord]) -> int:
    return sum(record.documents for record in records)


def _is_suspicious(records: Sequence[FileRecord], lost: Sequence[FileRecord]) -> bool:
    return _documents(lost) > max(_MAX_GONE, _MAX_GONE_SHARE * _documents(records))


def _is_present(source: Source, records: Sequence[FileRecord], seen: set[str]) -> bool:
    if source.kind == "web":  # a page is in `seen` unless the server says that it is gone
        return True
    return any(record.uri in seen for record in records) or _is_named_file(source, records)


def _is_named_file(source: Source, records: Sequence[FileRecord]) -> bool:
    """Whether the source is a single file whose folder is still there: then the file is gone, not unmounted."""
    return [file_path(record.uri) for record in records] == [source.uri] and Path(source.uri).parent.is_dir()


def _is_gone(record: FileRecord, seen: set[str], walk_errors: Sequence[str]) -> bool:
    if record.state == "skipped":  # the file is there, but has no text any more
        return record.documents > 0
    return record.uri not in seen and not any(record.uri.startswith(f"{uri}/") for uri in walk_errors)

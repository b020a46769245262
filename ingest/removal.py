"""What a reindex removes: documents whose file is gone from its source, or has no text any more."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlite_utils import Database

from ingest.uri import file_path
from storage.connection import writing
from storage.files import FileRecord, delete_file, followed_files
from storage.sources import Source

__all__ = ["remove_vanished"]


def remove_vanished(
    db: Database,
    sources: Sequence[Source],
    seen: set[str],
    unwalkable: Sequence[str],
    spared: Callable[[str], None],
) -> int:
    """Remove the files that the walk of `sources` did not meet, with their documents; return how many documents.

    A source that is missing, or a folder in which not one file was met, may be a disk that is not mounted: nothing
    of it is removed and `spared` is told its uri. Nor is anything below a folder that could not be read.
    """
    absent = {source.id for source in sources if not _present(source, db, seen)}
    for source in sources:
        if source.id in absent:
            spared(source.uri)
    gone = [
        record for record in followed_files(db) if record.source_id not in absent and _is_gone(record, seen, unwalkable)
    ]
    with writing(db, "reindex.remove"):
        for record in gone:
            delete_file(db, record.id)
    return sum(record.documents for record in gone)


def _present(source: Source, db: Database, seen: set[str]) -> bool:
    if source.kind == "web":  # of a page that was only not to be had, it is known that it was met
        return True
    mine = [record.uri for record in followed_files(db) if record.source_id == source.id]
    return not mine or any(uri in seen for uri in mine) or _is_named_file(source, mine)


def _is_named_file(source: Source, mine: Sequence[str]) -> bool:
    """A source that was one file: when its folder is still there, the file is gone and not unmounted."""
    return [file_path(uri) for uri in mine] == [source.uri] and Path(source.uri).parent.is_dir()


def _is_gone(record: FileRecord, seen: set[str], unwalkable: Sequence[str]) -> bool:
    if record.state == "skipped":
        return record.documents > 0
    return record.uri not in seen and not any(record.uri.startswith(f"{uri}/") for uri in unwalkable)

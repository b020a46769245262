"""Rows of the catalog for tests that need some: sources, files and documents."""

import os
from pathlib import Path

from sqlite_utils import Database

from wherein.ingest.changes.freshness import state_from
from wherein.ingest.changes.unchanged import version_of
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import DocumentRow, save_document
from wherein.storage.catalog.files import FileRecord, FileState, find_file, save_file
from wherein.storage.catalog.sources import Source, list_sources, remember_source
from wherein.uri import file_uri

NOWHERE = FileState(0, 0, 0, 0, 0)


def add_source(db: Database, uri: str, kind: str = "path") -> Source:
    with writing(db, "test"):
        number = remember_source(db, uri, kind, (), None)
    return next(source for source in list_sources(db) if source.id == number)


def add_file(
    db: Database, source: Source, uri: str, *, on_disk: FileState = NOWHERE, data: bytes = b"", documents: int = 1,
    state: str = "read", reason: str = "", version: str = version_of("plain-9"),
) -> FileRecord:  # fmt: skip
    """Add the record of a file, with documents whose text is the number of each."""
    with writing(db, "test"):
        number = save_file(db, uri, source.id, on_disk, content_hash(data), version=version, state=state, reason=reason)
        for key in range(documents):
            name = f"{uri}#{key}" if documents > 1 else uri
            save_document(db, DocumentRow(name, number, "", "text/plain", str(key), {}, (), []))
    record = find_file(db, uri)
    assert record is not None
    return record


def add_settled_file(db: Database, source: Source, path: Path) -> FileRecord:
    """Add the record of a file on disk as if it had been read long after it was written."""
    now = state_from(path.stat())
    settled = FileState(now.size, now.mtime_ns, now.ctime_ns, now.inode, now.checked_ns + 10 * 10**9)
    return add_file(db, source, file_uri(str(path)), on_disk=settled, data=path.read_bytes())


def set_age(path: Path, seconds: int) -> None:
    os.utime(path, ns=(path.stat().st_mtime_ns - seconds * 10**9,) * 2)

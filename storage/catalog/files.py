"""The `files` table: the state of each file when it was last ingested, and the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.documents import documents_of_file, move_document
from wherein.storage.catalog.exclusions import PURGED_RECORDS
from wherein.storage.catalog.file_sources import follow_file
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "REREAD",
    "FileRecord",
    "FileState",
    "StoredFile",
    "delete_file",
    "documents_of_source",
    "emptied_files",
    "file_by_id",
    "file_of_document",
    "files_of_documents",
    "find_file",
    "find_files_by_content",
    "has_readable_file",
    "modification_times",
    "modified_at",
    "move_file",
    "note_left_out",
    "problem_files",
    "read_files",
    "reread_document",
    "reread_file",
    "reread_when_next_seen",
    "save_file",
    "settle_file",
    "touch_file",
    "unreadable_files",
]

REREAD = ""
"""The `version` that makes the next run read a file again."""

_STATES = frozenset(("read", "skipped", "failed"))
_STORED = "files.id, files.uri, size, mtime_ns, ctime_ns, inode, checked_ns, content_hash, files.version, state, reason"
_COLUMNS = f"{_STORED}, (SELECT count(*) FROM documents d WHERE d.file_id = files.id)"


@dataclass(frozen=True)
class FileState:
    """A file's stat(2) at the time `checked_ns`: size in bytes, times in nanoseconds since the epoch, inode."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    checked_ns: int


@dataclass(frozen=True)
class StoredFile:
    """A file: `version` names the reader and chunker that were used, `state` is read, skipped or failed, with a reason.

    A file that was read has a reason when documents of it were left out, because they were purged.
    """

    id: int
    uri: str
    state_on_disk: FileState
    content_hash: bytes | None
    version: str
    state: str
    reason: str


@dataclass(frozen=True)
class FileRecord(StoredFile):
    """A file with the number of the documents that were read from it, which takes time for each of them."""

    documents: int


def find_file(db: Catalog, uri: str) -> FileRecord | None:
    """Return the record of the file at `uri`."""
    row = db.execute(f"SELECT {_COLUMNS} FROM files WHERE uri = ?", [uri]).fetchone()
    return _record(*row) if row else None


def file_of_document(db: Catalog, document_id: int) -> FileRecord | None:
    """Return the record of the file that a document was read from; None for a text from standard input.

    Its `documents` are counted up to 2: it may hold a million.
    """
    row = db.execute(
        f"SELECT {_STORED}, (SELECT count(*) FROM (SELECT 1 FROM documents d WHERE d.file_id = files.id LIMIT 2))"
        " FROM files WHERE id = (SELECT file_id FROM documents WHERE id = ?)",
        [document_id],
    ).fetchone()
    return _record(*row) if row else None


def files_of_documents(db: Catalog, documents: Sequence[int]) -> Iterator[tuple[int, StoredFile]]:
    """Yield the id of each document that was read from a file, with that file, in no order."""
    statement = f"SELECT d.id, {_STORED} FROM documents d JOIN files ON files.id = d.file_id WHERE d.id IN ({{}})"
    files = dict[int, StoredFile]()  # many documents may be of one file
    for document, number, *columns in select_in(db, statement, documents):
        if number not in files:
            files[number] = _stored(number, *columns)
        yield document, files[number]


def modification_times(db: Catalog, documents: Sequence[int]) -> dict[int, datetime]:
    """Return by document when its file was last modified, or its text ingested where it has none, in UTC."""
    statement = (
        "SELECT d.id, f.mtime_ns, d.changed_at FROM documents d LEFT JOIN files f ON f.id = d.file_id"
        " WHERE d.id IN ({})"
    )
    return {int(number): modified_at(mtime, changed) for number, mtime, changed in select_in(db, statement, documents)}


def modified_at(mtime_ns: int | None, changed_at: str) -> datetime:
    """Return when a file was last modified, in UTC; without one, when its text was ingested."""
    try:
        seconds = None if mtime_ns is None else mtime_ns // 1_000_000_000
        return datetime.fromisoformat(changed_at) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a file may claim any time
        return datetime.min.replace(tzinfo=UTC)


def find_files_by_content(db: Catalog, content_hash: bytes, above: int = 0) -> list[FileRecord]:
    """Return the files over the id `above` that held this content when they were last read, in the order of ids."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM files WHERE content_hash = ? AND id > ? ORDER BY id", [content_hash, above]
    )
    return [_record(*row) for row in rows.fetchall()]


def move_file(db: Database, record: FileRecord, uri: str) -> None:
    """Give a file and its documents new URIs; all ids, and the sources of the file, stay. Call inside `writing`."""
    db.execute("UPDATE files SET uri = ? WHERE id = ?", [uri, record.id])
    for old, document_id in documents_of_file(db, record.id).items():
        if not old.startswith(record.uri):
            raise Damaged(f"The record of the file {record.uri} is damaged; run: wherein verify")
        move_document(db, document_id, uri + old.removeprefix(record.uri))


def note_left_out(db: Database, file_id: int, state: str, reason: str) -> None:
    """Record why some of a file's documents, or all of them, are not in the library. Call inside `writing`."""
    db.execute("UPDATE files SET state = ?, reason = ? WHERE id = ?", [state, reason, file_id])


def problem_files(db: Catalog) -> list[FileRecord]:
    """Return the files that were skipped or failed, or read only in part, in the order of their URIs."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM files WHERE state <> 'read' OR reason = ? ORDER BY uri", [PURGED_RECORDS]
    )
    return [_record(*row) for row in rows.fetchall()]


def read_files(db: Catalog) -> Iterator[FileRecord]:
    """Yield the files that were read, lazily: there may be millions."""
    for row in db.execute(f"SELECT {_COLUMNS} FROM files WHERE state = 'read' ORDER BY id"):
        yield _record(*row)


def unreadable_files(db: Catalog) -> Iterator[tuple[int, str]]:
    """Yield id and URI of each record that the other functions cannot decode."""
    for number, uri, *rest in db.execute(f"SELECT {_COLUMNS} FROM files ORDER BY id"):
        try:
            _record(number, uri, *rest)
        except Damaged:
            yield int(number), str(uri)


def save_file(
    db: Database,
    uri: str,
    source_id: int,
    on_disk: FileState,
    content_hash: bytes | None,
    *,
    version: str,
    state: str,
    reason: str = "",
) -> int:
    """Insert or update the record at `uri`, which the source covers, and return its id. Call inside `writing`."""
    values = [on_disk.size, on_disk.mtime_ns, on_disk.ctime_ns, on_disk.inode, on_disk.checked_ns]
    db.execute(
        # Not INSERT OR REPLACE: the file's documents would be deleted with the old row (ON DELETE CASCADE).
        "INSERT INTO files (uri, size, mtime_ns, ctime_ns, inode, checked_ns, content_hash, version, state, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uri) DO UPDATE SET size = excluded.size,"
        " mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode,"
        " checked_ns = excluded.checked_ns, content_hash = excluded.content_hash, version = excluded.version,"
        " state = excluded.state, reason = excluded.reason",
        [uri, *values, content_hash, version, state, reason],
    )
    (number,) = db.execute("SELECT id FROM files WHERE uri = ?", [uri]).fetchone()
    follow_file(db, uri, source_id)
    return int(number)


def touch_file(db: Database, file_id: int, on_disk: FileState) -> None:
    """Record a new stat for unchanged content. Call inside `writing`."""
    values = [on_disk.size, on_disk.mtime_ns, on_disk.ctime_ns, on_disk.inode, on_disk.checked_ns]
    db.execute(
        "UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, checked_ns = ? WHERE id = ?",
        [*values, file_id],
    )


def settle_file(db: Database, uri: str, on_disk: FileState) -> None:
    """Record the stat of a file whose content is known to be what was read. Call inside `writing`."""
    db.execute(
        "UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, checked_ns = ? WHERE uri = ?",
        [on_disk.size, on_disk.mtime_ns, on_disk.ctime_ns, on_disk.inode, on_disk.checked_ns, uri],
    )


def reread_file(db: Database, file_id: int, reason: str) -> None:
    """Make the next run read all of a file again, even if it has not changed. Call inside `writing`."""
    db.execute("UPDATE files SET version = ?, state = 'failed', reason = ? WHERE id = ?", [REREAD, reason, file_id])


def reread_when_next_seen(db: Database, file_id: int) -> None:
    """Make the next run read a file again, even if it has not changed, unless this one does. Call inside `writing`."""
    db.execute("UPDATE files SET version = ? WHERE id = ?", [REREAD, file_id])


def reread_document(db: Database, document_id: int) -> None:
    """Make the next run read the file of a document again, even if it has not changed. Call inside `writing`."""
    db.execute(
        "UPDATE files SET version = ? WHERE id = (SELECT file_id FROM documents WHERE id = ?)", [REREAD, document_id]
    )


def file_by_id(db: Catalog, file_id: int) -> FileRecord | None:
    """Return the record of this number."""
    row = db.execute(f"SELECT {_COLUMNS} FROM files WHERE id = ?", [file_id]).fetchone()
    return _record(*row) if row else None


def emptied_files(db: Catalog, source_id: int) -> list[FileRecord]:
    """Return the files of a source that have no text any more, but still the documents of an earlier version."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM files JOIN file_sources s ON s.file_id = files.id WHERE s.source_id = ?"
        " AND state = 'skipped' AND EXISTS (SELECT 1 FROM documents d WHERE d.file_id = files.id) ORDER BY uri",
        [source_id],
    )
    return [_record(*row) for row in rows.fetchall()]


def documents_of_source(db: Catalog, source_id: int) -> int:
    """Return the number of documents in the files that a source covers."""
    (count,) = db.execute(
        "SELECT count(*) FROM file_sources s JOIN documents d ON d.file_id = s.file_id WHERE s.source_id = ?",
        [source_id],
    ).fetchone()
    return int(count)


def has_readable_file(db: Catalog, source_id: int) -> bool:
    """Whether a source covers a file that did not fail, or that has documents of an earlier version."""
    row = db.execute(
        "SELECT 1 FROM file_sources s JOIN files f ON f.id = s.file_id WHERE s.source_id = ? AND (f.state <> 'failed'"
        " OR EXISTS (SELECT 1 FROM documents d WHERE d.file_id = f.id)) LIMIT 1",
        [source_id],
    ).fetchone()
    return row is not None


def delete_file(db: Database, file_id: int) -> None:
    """Delete a file's record, documents and chunks; vectors are left for cleanup. Call inside `writing`."""
    db.execute("DELETE FROM files WHERE id = ?", [file_id])


def _record(*row: Any) -> FileRecord:
    """Return a record from the columns `_COLUMNS`. Raises Damaged as `_stored` does."""
    *columns, documents = row
    return FileRecord(**vars(_stored(*columns)), documents=documents)


def _stored(
    file_id: int, uri: str, size: int, mtime_ns: int, ctime_ns: int, inode: int,
    checked_ns: int, content_hash: bytes | None, version: str, state: str, reason: str,
) -> StoredFile:  # fmt: skip
    """Return a file from the columns `_STORED`. Raises Damaged when a type or the state is wrong."""
    typed("files", (uri, version, state, reason), str, str, str, str)
    typed("files", (size, mtime_ns, ctime_ns, inode, checked_ns), int, int, int, int, int)
    typed("files", (content_hash,), (bytes, NoneType))
    if state not in _STATES:  # a damaged row: SQLite evaluates a CHECK only on writing
        raise Damaged(f"The record of the file {uri} is damaged; run: wherein verify")
    on_disk = FileState(size, mtime_ns, ctime_ns, inode, checked_ns)
    return StoredFile(file_id, uri, on_disk, content_hash, version, state, reason)

"""Whether a document's file still holds what was read from it. Imports no reader: a query needs none."""

import os
import stat
import time
from dataclasses import replace

from wherein.storage.catalog.checksums import stream_hash
from wherein.storage.catalog.files import FileRecord, FileState, file_of_document
from wherein.storage.catalog.integers import GREATEST, LEAST, clamp, fold
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sqlite_errors import translating_catalog_errors
from wherein.uri import file_path

__all__ = [
    "CHANGED", "FRESH", "MISSING", "UNKNOWN", "Freshness", "file_state", "freshness_of_file", "looks_stale",
    "state_from", "untouched",
]  # fmt: skip

FRESH, CHANGED, MISSING, UNKNOWN = "fresh", "changed", "missing", "unknown"

# A file that was written that shortly before it was checked may have changed again within the same time stamp.
_SETTLED_NS = 2_000_000_000


class Freshness:
    """Checks each file once. A document without a file, such as a text from standard input, is `unknown`."""

    def __init__(self, db: Catalog) -> None:
        self._db = db
        self._documents: dict[int, str] = {}
        self._files: dict[int, str] = {}

    def of_document(self, document_id: int) -> str:
        """Return whether the document's file is `fresh`, `changed` or `missing`."""
        if document_id not in self._documents:
            with translating_catalog_errors():  # one statement sees one state without a transaction around it
                record = file_of_document(self._db, document_id)
            if record is not None and record.id not in self._files:
                self._files[record.id] = freshness_of_file(record)
            self._documents[document_id] = self._files[record.id] if record else UNKNOWN
        return self._documents[document_id]


def freshness_of_file(record: FileRecord) -> str:
    """Return whether a file is as it was read; its content is hashed only when size and times do not decide."""
    path = file_path(record.uri)
    if path is None or record.content_hash is None:
        return UNKNOWN
    try:
        status = os.stat(path)  # noqa: PTH116 - odd bytes stay
        # The documents of a file that could not be read come from an earlier version of it.
        now = state_from(status)
        if record.state != "read" or not stat.S_ISREG(status.st_mode) or now.size != record.state_on_disk.size:
            return CHANGED
        if untouched(record, now):
            return FRESH
        with open(path, "rb") as stream:  # noqa: PTH123 - odd bytes stay
            return FRESH if stream_hash(stream) == record.content_hash else CHANGED
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except (OSError, ValueError):
        return UNKNOWN


def looks_stale(record: FileRecord) -> bool:
    """Whether a file is gone, or has another size or time than it was read with; its content is not compared."""
    path = file_path(record.uri)
    if path is None:
        return False
    try:
        now = state_from(os.stat(path))  # noqa: PTH116 - odd bytes stay
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return (now.size, now.mtime_ns) != (record.state_on_disk.size, record.state_on_disk.mtime_ns)


def state_from(status: os.stat_result) -> FileState:
    """Return a file's state, checked now."""
    return file_state(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, time.time_ns())


def file_state(size: int, mtime_ns: int, ctime_ns: int, inode: int, checked_ns: int) -> FileState:
    """Return a state that the catalog can hold, whatever the file system says: times before 1677 or after 2262."""
    return FileState(clamp(size), clamp(mtime_ns), clamp(ctime_ns), fold(inode), clamp(checked_ns))


def untouched(record: FileRecord, now: FileState) -> bool:
    """Whether a file has the size, times and inode that it was read with, and was not written just before.

    Times of the future prove nothing, nor do clamped ones: the file may have been written without a change to them.
    """
    then = record.state_on_disk
    same = replace(now, checked_ns=then.checked_ns) == then
    return same and not _is_clamped(then) and max(then.mtime_ns, then.ctime_ns) + _SETTLED_NS < then.checked_ns


def _is_clamped(state: FileState) -> bool:
    return not {LEAST, GREATEST}.isdisjoint((state.size, state.mtime_ns, state.ctime_ns))

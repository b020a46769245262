"""Whether a document's file still holds what was read from it. Imports no reader: a query needs none."""

import os
import stat
import time
from dataclasses import replace

from wherein.storage.catalog.checksums import stream_hash
from wherein.storage.catalog.files import FileRecord, FileState, file_of_document
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sqlite_errors import translating_catalog_errors
from wherein.uri import file_path

__all__ = [
    "CHANGED", "FRESH", "MISSING", "UNKNOWN", "Freshness", "freshness_of_file", "looks_stale", "state_from",
    "untouched",
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
        if record.state != "read" or not stat.S_ISREG(status.st_mode) or status.st_size != record.state_on_disk.size:
            return CHANGED
        if untouched(record, state_from(status)):
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
        status = os.stat(path)  # noqa: PTH116 - odd bytes stay
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return (status.st_size, status.st_mtime_ns) != (record.state_on_disk.size, record.state_on_disk.mtime_ns)


def state_from(status: os.stat_result) -> FileState:
    """Return a file's state, checked now."""
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, time.time_ns())


def untouched(record: FileRecord, now: FileState) -> bool:
    """Whether a file has the size, times and inode that it was read with, and was not written just before."""
    then = record.state_on_disk
    same = replace(now, checked_ns=then.checked_ns) == then
    return same and max(then.mtime_ns, then.ctime_ns) + _SETTLED_NS < then.checked_ns

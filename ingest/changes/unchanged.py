"""One file: does its record say that it need not be read?"""

import os
import stat
from functools import cache

from wherein.ingest.changes.freshness import state_found, untouched
from wherein.ingest.chunker import CHUNKER_VERSION
from wherein.ingest.readers import READERS, ReadContext
from wherein.ingest.sources.files import FoundFile
from wherein.ingest.uri import file_path
from wherein.storage.catalog.checksums import stream_hash
from wherein.storage.catalog.fields import Fields
from wherein.storage.catalog.files import FileRecord, FileState

__all__ = ["changed_unseen", "is_current", "looks_unchanged", "state_of", "version_of"]

_CHOICE = "choice-3"


def version_of(label: str) -> str:
    """Return what must stay the same for a file to count as unchanged: how it was read and chunked.

    `label` is that of the reader, "" where none was chosen.
    """
    return f"{label or _CHOICE}/chunker-{CHUNKER_VERSION}"


@cache
def _current(fields: Fields) -> frozenset[str]:
    return frozenset(map(version_of, ("", *(reader.bind(ReadContext(fields)).label for reader in READERS))))


def is_current(record: FileRecord, fields: Fields) -> bool:
    """Whether the file was read by the readers and chunker of today, with these fields where fields matter."""
    return record.version in _current(fields)


def state_of(found: FoundFile, checked_ns: int) -> FileState:
    """Return the state of a found file as it is stored; `checked_ns` is when it was looked at."""
    return FileState(found.size, found.mtime_ns, found.ctime_ns, found.inode, checked_ns)


def looks_unchanged(record: FileRecord, now: FileState, fields: Fields) -> bool:
    """Whether the file need not be opened: untouched, and read by the readers and chunker of today."""
    return untouched(record, now) and is_current(record, fields)


def changed_unseen(record: FileRecord, fields: Fields) -> bool:
    """Whether a file looks unchanged, so that no run would read it again, and yet is not what was read."""
    path = file_path(record.uri)
    try:
        found = os.stat(path) if path is not None else None  # noqa: PTH116 - odd bytes stay
        if found is None or not stat.S_ISREG(found.st_mode):
            return False
        if not looks_unchanged(record, state_found(found), fields):
            return False
        with open(str(path), "rb") as stream:  # noqa: PTH123 - the path may hold undecodable bytes
            return stream_hash(stream) != record.content_hash
    except (OSError, ValueError):
        return False

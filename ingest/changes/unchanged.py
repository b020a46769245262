"""Whether a file is as its record says, so that it need not be read again."""

import os
import stat
from functools import cache

from wherein.ingest.changes.freshness import file_state, state_from, untouched
from wherein.ingest.chunker import CHUNKER_VERSION
from wherein.ingest.readers.reader import context_for
from wherein.ingest.readers.registry import all_readers
from wherein.ingest.sources.found import FoundFile
from wherein.storage.catalog.checksums import stream_hash
from wherein.storage.catalog.files import FileRecord, FileState
from wherein.storage.catalog.reading import Reading
from wherein.uri import file_path

__all__ = ["changed_unseen", "is_current", "looks_unchanged", "state_of", "version_of"]

_NO_READER = "choice-4"  # to be raised when files that no reader takes may have one


def version_of(label: str) -> str:
    """Return the version of reader and chunker, which must be the same for a file to count as unchanged.

    `label` is that of the reader, "" where there is none for the file.
    """
    return f"{label or _NO_READER}/chunker-{CHUNKER_VERSION}"


@cache
def _current_versions(reading: Reading) -> frozenset[str]:
    labels = (label for reader in all_readers() for label in reader.current_labels(context_for(reading)))
    return frozenset(map(version_of, ("", *labels)))


def is_current(record: FileRecord, reading: Reading) -> bool:
    """Whether the file was read by the present readers and chunker, with these choices where the reader uses them."""
    return record.version in _current_versions(reading)


def state_of(found: FoundFile, checked_ns: int) -> FileState:
    """Return the state of a found file as it is stored; `checked_ns` is when that was read."""
    return file_state(found.size, found.mtime_ns, found.ctime_ns, found.inode, checked_ns)


def looks_unchanged(record: FileRecord, now: FileState, reading: Reading) -> bool:
    """Whether the file need not be opened: untouched, and read by the present readers and chunker."""
    return untouched(record, now) and is_current(record, reading)


def changed_unseen(record: FileRecord, reading: Reading) -> bool:
    """Whether a file has other content than was read, though it looks unchanged and no run would read it again."""
    path = file_path(record.uri)
    try:
        found = os.stat(path) if path is not None else None  # noqa: PTH116 - odd bytes stay
        if found is None or not stat.S_ISREG(found.st_mode):
            return False
        if not looks_unchanged(record, state_from(found), reading):
            return False
        with open(str(path), "rb") as stream:  # noqa: PTH123 - the path may hold undecodable bytes
            return stream_hash(stream) != record.content_hash
    except (OSError, ValueError):
        return False

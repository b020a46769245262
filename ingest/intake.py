"""One file: has it changed, what is its content, and which documents are in it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from errors import Unreadable
from ingest.chunker import CHUNKER_VERSION
from ingest.document import Document, Problem
from ingest.freshness import state_found, untouched
from ingest.readers import READERS, Given, Reader, choose
from ingest.uri import file_path
from ingest.walk import FoundFile
from storage.checksum import stream_hash
from storage.fields import Fields
from storage.files import FileRecord, FileState

__all__ = ["Content", "changed_unseen", "is_current", "looks_unchanged", "opened", "state_of", "version_of"]

_CHOICE = "choice-3"


@dataclass(frozen=True)
class Content:
    """An open file: the name of its bytes and the stream, at its start."""

    hash: bytes
    stream: BinaryIO
    name: str

    def reader(self, fields: Fields) -> Reader:
        """Choose the reader by the content; see `choose` for the errors."""
        return choose(self.name, self.stream, Given(fields))

    def documents(self, reader: Reader) -> Iterator[Document | Problem]:
        """Yield what the reader finds. Raises Unreadable, also when the file was written to meanwhile."""
        before = os.fstat(self.stream.fileno())
        yield from reader.read(self.stream, self.name)
        after = os.fstat(self.stream.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Unreadable("it was written to while it was read; the next run takes it in")


def version_of(reader: Reader | None) -> str:
    """Return what must stay the same for a file to count as unchanged: how it was read and chunked."""
    return f"{reader.label if reader else _CHOICE}/chunker-{CHUNKER_VERSION}"


@cache
def _current(fields: Fields) -> frozenset[str]:
    return frozenset(version_of(reader and reader.told(Given(fields))) for reader in (None, *READERS))


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
        with opened(str(path)) as content:
            return content.hash != record.content_hash
    except (OSError, ValueError, Unreadable):
        return False


@contextmanager
def opened(path: str) -> Iterator[Content]:
    """Open and hash a file. Raises Unreadable with the system's reason."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - the path may hold undecodable bytes
            name = stream_hash(stream)
            stream.seek(0)
            yield Content(name, stream, path)
    except OSError as error:
        raise Unreadable(f"cannot be read: {(error.strerror or str(error)).lower()}") from error

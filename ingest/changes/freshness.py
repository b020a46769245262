"""Whether a document's file still holds what was read from it. Imports no reader: a query needs none."""

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from math import inf

from wherein.storage.catalog.checksums import stream_hash
from wherein.storage.catalog.files import FileState, StoredFile, files_of_documents
from wherein.storage.catalog.integers import GREATEST, LEAST, clamp, fold
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sqlite_errors import translating_catalog_errors
from wherein.uri import file_path

__all__ = [
    "CHANGED", "FRESH", "MISSING", "UNKNOWN", "ContentHash", "Freshness", "HashedFiles", "file_state",
    "freshness_of_file", "hash_file", "is_settled", "looks_stale", "state_from", "untouched",
]  # fmt: skip

FRESH, CHANGED, MISSING, UNKNOWN = "fresh", "changed", "missing", "unknown"

# A file that was written this shortly before it was checked may have changed again within the same time stamp.
_SETTLED_NS = 2_000_000_000


# What a question hashes at most, unless it asks for fresh passages only: that takes 12 ms.
_MAX_HASHED = 4 << 20

ContentHash = Callable[[str, FileState], bytes | None]
"""Returns the content hash of the file at a path and in this state; None where it is not known."""


class HashedFiles:
    """The content hashes of files by their paths and states, so that no file is hashed twice.

    Questions only read the catalog: what they learn is kept here, while a library is open. Runs record what they learn.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[FileState, bytes]] = {}

    def find(self, path: str, now: FileState) -> bytes | None:
        """Return the hash of a file that is still in the state in which it was hashed, else None."""
        known = self._known.get(path)
        return known[1] if known and _is_same(known[0], now) else None

    def hash(self, path: str, now: FileState) -> bytes:
        """Hash a file, whose state was `now` just before. Raises OSError when it cannot be read."""
        content_hash = hash_file(path, now)
        # By its ctime, since anybody can set the mtime: until that is a while ago, the file may change again
        # within the same time stamp.
        if now.ctime_ns + _SETTLED_NS < now.checked_ns:
            self._known[path] = now, content_hash
        return content_hash


class Freshness:
    """Checks the files of one answer, each once.

    `unknown` are documents without a file, such as a text from standard input, and files that only their content could
    decide, where that is not in `hashed` and too much to be hashed for a question: unless it is `thorough`, a few MB.
    """

    def __init__(self, db: Catalog, hashed: HashedFiles | None = None, *, thorough: bool = False) -> None:
        self._db = db
        self._hashed = hashed or HashedFiles()
        self._budget = inf if thorough else _MAX_HASHED
        self._documents: dict[int, str] = {}
        self._files: dict[int, str] = {}

    def of_documents(self, documents: Iterable[int]) -> Mapping[int, str]:
        """Return for documents whether their files are `fresh`, `changed` or `missing`; and for those of earlier calls.

        Raises Damaged when the record of a file is damaged.
        """
        unchecked = list(dict.fromkeys(document for document in documents if document not in self._documents))
        with translating_catalog_errors():  # one statement sees one state without a transaction around it
            files = dict(files_of_documents(self._db, unchecked))
        for document in unchecked:
            self._documents[document] = self._of_file(files[document]) if document in files else UNKNOWN
        return self._documents

    def _of_file(self, file: StoredFile) -> str:
        if file.id not in self._files:
            self._files[file.id] = freshness_of_file(file, self._content_hash)
        return self._files[file.id]

    def _content_hash(self, path: str, now: FileState) -> bytes | None:
        known = self._hashed.find(path, now)
        if known is None and now.size <= self._budget:
            self._budget -= now.size
            known = self._hashed.hash(path, now)
        return known


def hash_file(path: str, _: FileState) -> bytes:
    """Return the content hash of a file, whatever its state. Raises OSError when it cannot be read."""
    with open(path, "rb") as stream:  # noqa: PTH123 - odd bytes stay
        return stream_hash(stream)


def freshness_of_file(record: StoredFile, content_hash: ContentHash = hash_file) -> str:
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
        found = content_hash(path, now)
        return UNKNOWN if found is None else FRESH if found == record.content_hash else CHANGED
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except (OSError, ValueError):
        return UNKNOWN


def looks_stale(record: StoredFile) -> bool:
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


def untouched(record: StoredFile, now: FileState) -> bool:
    """Whether a file has the size, times and inode that it was read with, and was not written just before.

    Times of the future prove nothing, nor do clamped ones: the file may have been written without a change to them.
    """
    then = record.state_on_disk
    return _is_same(then, now) and is_settled(then)


def is_settled(state: FileState) -> bool:
    """Whether a file was last written long enough before its state was read that a later write shows in its times."""
    return not _is_clamped(state) and max(state.mtime_ns, state.ctime_ns) + _SETTLED_NS < state.checked_ns


def _is_clamped(state: FileState) -> bool:
    return not {LEAST, GREATEST}.isdisjoint((state.size, state.mtime_ns, state.ctime_ns))


def _is_same(then: FileState, now: FileState) -> bool:
    """Whether two states are equal, whenever they were checked."""
    return (now.size, now.mtime_ns, now.ctime_ns, now.inode) == (then.size, then.mtime_ns, then.ctime_ns, then.inode)

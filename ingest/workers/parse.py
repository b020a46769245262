"""Reads one file, from its bytes to documents, in a process of its own (`ingest/workers/worker.py`).

Imports here must be light and harmless: no model, no index, no catalog.
"""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem, check_storable
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import Reader, context_for
from wherein.ingest.readers.shared.allowance import Allowance, with_text_counted
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.catalog.checksums import stream_hash
from wherein.storage.catalog.reading import AS_USUAL, Reading

__all__ = [
    "FAILED",
    "LARGE",
    "MEMORY",
    "OUT_OF_MEMORY",
    "REFUSED",
    "SKIPPED",
    "End",
    "Items",
    "Job",
    "Message",
    "Opened",
    "Trouble",
    "read",
]

REFUSED, LARGE, SKIPPED, FAILED = "refused", "large", "skipped", "failed"

MEMORY = 2 << 30
"""Bytes of memory that a worker may have."""

OUT_OF_MEMORY = f"needs more than {MEMORY >> 30} GB of memory to read"
"""The reason that is shown for a file that needs more."""

# Bounds of one message: it has to fit in memory on both sides, and to end the silence in time.
_MAX_ITEMS, _MAX_CHARACTERS = 64, 256 << 10
_CHANGED = "it changed while it was being read; the next run will ingest it"


@dataclass(frozen=True)
class Job:
    """A file to be read: the one at `path`, or `data`, for which `path` is only a name.

    A file whose content hash is `known` is not read, nor one larger than `max_size` bytes, unless its reader streams.
    """

    path: str
    data: bytes | None = None
    reading: Reading = AS_USUAL
    known: bytes | None = None
    max_size: int | None = None


@dataclass(frozen=True)
class Trouble:
    """Why a file is not read, or not to its end.

    `kind` is refused (by the file system) or large, which may be different in the next run, or skipped or failed.
    """

    kind: str
    reason: str


@dataclass(frozen=True)
class Opened:
    """The content hash of a file (None when it could not be opened), and the label of its reader.

    Nothing follows when it is the `same` as is known, or in `trouble`.
    """

    hash: bytes | None = None
    label: str = ""
    same: bool = False
    trouble: Trouble | None = None

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.same or self.trouble is not None


@dataclass(frozen=True)
class Items:
    """Some of a file's documents, in their order; none where a reader is slow for a good reason."""

    items: tuple[Document | Problem, ...]


@dataclass(frozen=True)
class End:
    """The end of a file, or of what could be read of it."""

    trouble: Trouble | None = None


Message = Opened | Items | End

_T = TypeVar("_T")


def read(job: Job, alive: Callable[[], None] = lambda: None) -> Iterator[Message]:
    """Yield `Opened`, and unless that is the last, `Items` and `End`. Never raises, whatever the file contains.

    A reader that needs more than a minute for its next item calls `alive`.
    """
    try:
        with io.BytesIO(job.data) if job.data is not None else open(job.path, "rb") as stream:  # noqa: PTH123 - odd bytes stay
            yield from _read(job, stream, alive)
    except OSError as error:
        reason = f"cannot be read: {(error.strerror or str(error)).lower()}"
        yield Opened(trouble=Trouble(REFUSED, reason))


def _read(job: Job, stream: BinaryIO, alive: Callable[[], None]) -> Iterator[Message]:
    # Before anything is parsed: a file that was only touched costs no more than being read.
    name = stream_hash(stream)
    if name == job.known:
        yield Opened(name, same=True)
        return
    size = stream.tell()
    stream.seek(0)
    allowance = Allowance(size)
    chosen = _guarded(lambda: choose(job.path, stream, context_for(job.reading, allowance, alive)))
    if isinstance(chosen, Trouble):
        yield Opened(name, trouble=chosen)
    elif job.max_size is not None and size > job.max_size and not chosen.streaming:
        reason = f"larger than --max-size ({job.max_size / 1e6:,.0f} MB): it is {size / 1e6:,.0f} MB"
        yield Opened(name, chosen.label, trouble=Trouble(LARGE, reason))
    else:
        yield Opened(name, chosen.label)
        yield from _documents(job, stream, chosen, allowance)


def _documents(job: Job, stream: BinaryIO, reader: Reader, allowance: Allowance) -> Iterator[Message]:
    before = None if job.data is not None else os.fstat(stream.fileno())
    items: list[Document | Problem] = []
    trouble, found = None, with_text_counted(reader.read(stream, job.path), allowance)
    while True:
        item = _guarded(lambda: _next_item(found))
        if item is None or isinstance(item, Trouble):
            trouble = item
            break
        items.append(item)
        characters = sum(len(part.text) for part in items if isinstance(part, Document))
        if len(items) >= _MAX_ITEMS or characters > _MAX_CHARACTERS:
            yield Items(tuple(items))
            items.clear()
    if items:
        yield Items(tuple(items))
    # Another program may have written to it: what was read is then of neither version.
    after = None if job.data is not None else os.fstat(stream.fileno())
    if before and after and (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        trouble = trouble or Trouble(FAILED, _CHANGED)
    yield End(trouble)


def _next_item(found: Iterator[Document | Problem]) -> Document | Problem | None:
    """Return the next item, None at the end. What cannot be stored costs its file here, and the run in a commit."""
    item = next(found, None)
    if item is not None:
        check_storable(item)
    return item


def _guarded(work: Callable[[], _T]) -> _T | Trouble:
    """Return the result of `work`, or why there is none; a bug in a reader costs that file only."""
    try:
        return work()
    except Unreadable as problem:
        return Trouble(SKIPPED if isinstance(problem, Skipped) else FAILED, str(problem))
    except MemoryError:
        return Trouble(FAILED, OUT_OF_MEMORY)
    except OSError as error:
        return Trouble(FAILED, f"cannot be read: {(error.strerror or str(error)).lower()}")
    except Exception as error:
        return Trouble(FAILED, f"the reader failed with an internal error ({type(error).__name__})")

"""What every format module offers: a name, a version and a function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import BinaryIO, Protocol

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.storage.catalog.fields import NO_FIELDS, Fields

__all__ = ["NO_CONTEXT", "ReadContext", "Reader"]

_Items = Iterator[Document | Problem]


class _ReadInContext(Protocol):
    def __call__(self, stream: BinaryIO, name: str, context: "ReadContext" = ...) -> _Items: ...


@dataclass(frozen=True)
class ReadContext:
    """What some readers are told beside the file.

    `fields` are the names that the user gave for files of records. For files inside another file: `depth`, how many
    there are around it, and `allowance`, what may still be unpacked of the outermost one (None: it is the outermost).
    """

    fields: Fields = NO_FIELDS
    depth: int = 0
    allowance: Allowance | None = None


NO_CONTEXT = ReadContext()


@dataclass(frozen=True)
class Reader:
    """How to read one format.

    `version` goes up whenever the same bytes would give another `Document`, so that files read by an older version
    can be read again. `media_type` is that of its documents, empty for an archive, in which each file has its own.
    `read(stream, name)` takes a seekable binary stream at its start and the file's name or path (for a title where the
    file has none). While it is iterated it raises `Skipped` or `errors.Unreadable`, whose message is the reason shown
    to a person, and nothing else for bad input. What it yielded before that is in.

    `read_in_context` is the same function where it takes a `ReadContext` as well. `streaming`: a file is read piece by
    piece, so that its size does not matter. `fields` are those that were asked for, where they matter.
    """

    name: str
    version: int
    media_type: str
    read: Callable[[BinaryIO, str], _Items]
    read_in_context: _ReadInContext | None = field(default=None, repr=False)
    streaming: bool = False
    fields: Fields = NO_FIELDS

    @property
    def label(self) -> str:
        """Name and version as one word, such as `html-1`, and the fields that were asked for."""
        return f"{self.name}-{self.version}{self.fields.label}"

    def bind(self, context: ReadContext) -> "Reader":
        """Return the reader that reads in `context`."""
        if self.read_in_context is None or context == NO_CONTEXT:
            return self
        return replace(self, read=partial(self.read_in_context, context=context), fields=context.fields)

"""What every format module offers: a name, a version and a function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ingest.document import Document, Problem

__all__ = ["Reader"]


@dataclass(frozen=True)
class Reader:
    """How to read one format.

    `version` goes up whenever the same bytes would give another `Document`, so that files read by an
    older version can be read again. `read(stream, name)` takes a seekable binary stream at its start and
    the file's name or path (for a title where the file has none). While it is iterated it raises
    `Skipped` or `errors.Unreadable`, whose message is the reason shown to a person, and nothing else
    for bad input.
    """

    name: str
    version: int
    media_type: str
    read: Callable[[BinaryIO, str], Iterator[Document | Problem]]

    @property
    def label(self) -> str:
        """Name and version as one word, such as `html-1`, to be kept with what was read."""
        return f"{self.name}-{self.version}"

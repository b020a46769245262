"""Files attached to a document: each becomes a document of its own, or a note with the one that it is attached to."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.allowance import Allowance, LimitExceeded
from wherein.ingest.readers.shared.decode import clean
from wherein.ingest.readers.shared.members import MAX_DEPTH, metered, read_member
from wherein.ingest.readers.shared.unique_keys import UniqueKeys
from wherein.uri import display

__all__ = ["AttachedFile", "Attachments", "file_name"]


def file_name(path: str) -> str:
    """Return the last part of the path by which a file was attached, on one line and as text that can be stored."""
    return " ".join(clean(path.replace("\\", "/").rpartition("/")[2]).split())


class AttachedFile(Protocol):
    """A file with a name; `is_signature` when it only proves who made the document."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def is_signature(self) -> bool: ...  # noqa: D102

    def content(self) -> Iterator[bytes]: ...  # noqa: D102


class Attachments:
    """The documents in attached files, notes of the files without text, and the error if a limit was exceeded."""

    def __init__(self, context: ReadContext, allowance: Allowance) -> None:
        self.items: list[Document | Problem] = []
        self.notes: list[str] = []
        self.exceeded: LimitExceeded | None = None
        self._context = context
        self._allowance = allowance
        self._keys = UniqueKeys()

    def read(self, files: Iterable[AttachedFile]) -> None:
        """Read each file by the reader for its content, until a limit is reached."""
        for file in files:
            if self.exceeded is not None:
                return
            key = self._keys.key(file.name)
            if self._context.depth > MAX_DEPTH:
                self._note(key, "it lies too deep in other files")
            elif file.is_signature:
                self._note(key, "a signature")
            else:
                self._read(key, file)

    def _read(self, key: str, file: AttachedFile) -> None:
        pieces = metered(file.content(), self._allowance)
        try:
            for item in read_member(key, pieces, self._context, self._allowance):
                if isinstance(item, Problem) and item.skipped:
                    self._note(item.key, item.reason)
                else:
                    self.items.append(item)
        except LimitExceeded as exceeded:
            self.exceeded = exceeded

    def _note(self, key: str, reason: str) -> None:
        self.notes.append(f"attached and not read: {display(key)} ({reason})")

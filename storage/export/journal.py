"""What an import remembers until it is done: which export it fills the store from, and into which generation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from wherein.storage.store.document import Record
from wherein.storage.store.store import Store

__all__ = ["FileJournal", "Journal", "RecordJournal", "is_journal"]

_KIND, _NAME = "setting", "import"


def is_journal(record: Record) -> bool:
    """Whether a record is that of an import under way, which belongs to its store alone."""
    return (record.kind, record.name) == (_KIND, _NAME)


class Journal(Protocol):
    """Keeps the `identity` of an export and the name of a generation."""

    def read(self) -> tuple[str, str] | None:
        """Return both, None when no import is under way."""

    def write(self, identity: str, generation: str) -> None:
        """Remember both."""

    def clear(self) -> None:
        """Forget them: the import is done."""


class FileJournal:
    """A file beside a local library that is being filled, and that nobody else sees."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[str, str] | None:
        """Return what was written."""
        try:
            identity, generation = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None
        return str(identity), str(generation)

    def write(self, identity: str, generation: str) -> None:
        """Write the file."""
        self._path.write_text(json.dumps([identity, generation]))

    def clear(self) -> None:
        """Do nothing: until the library is renamed a run may have to resume, and then the folder goes."""


class RecordJournal:
    """A record in the store itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> tuple[str, str] | None:
        """Return what was written."""
        for record in self._store.records(_KIND, [_NAME]):
            identity, generation = record.value["value"]
            return str(identity), str(generation)
        return None

    def write(self, identity: str, generation: str) -> None:
        """Write the record."""
        self._store.put_records([Record(_KIND, _NAME, {"value": [identity, generation]})])
        self._store.checkpoint()

    def clear(self) -> None:
        """Delete the record."""
        self._store.delete_records(_KIND, [_NAME])
        self._store.checkpoint()

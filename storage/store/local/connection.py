"""The connections of a store in a folder: one that reads, and from the first write on one that also writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import WhereinError
from wherein.storage.catalog.connection import open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.models import StoredModel, bound_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.lock import writer_lock
from wherein.storage.store.sql import define_keys

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Connections", "required_model"]

_EMPTY = "The store {} is empty; it has no generation to write to yet"


class Connections:
    """The catalog in a folder, for one thread at a time. The writer's lock is held from the first write to `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._reader: sqlite3.Connection | None = None
        self._writer: Database | None = None

    @contextmanager
    def reading(self) -> Iterator[Catalog]:
        """Read one committed state. Raises WhereinError when there is no catalog."""
        with snapshot(self._readable()) as db:
            yield db

    @contextmanager
    def writing(self, step: str) -> Iterator[Database]:
        """Run one write transaction. Raises LibraryBusy while another process writes."""
        with writing(self.writable(), step) as db:
            yield db

    def writable(self) -> Database:
        """Return the connection that writes; the folder is created where there is none."""
        if self._writer is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._stack.enter_context(writer_lock(self.folder))
            self._writer = open_writer(self.folder)
            self._stack.callback(self._writer.close)
            define_keys(self._writer)
        return self._writer

    def _readable(self) -> Catalog:
        if self._writer is not None:
            return self._writer
        if self._reader is None:
            self._reader = open_reader(self.folder)
            self._stack.callback(self._reader.close)
            define_keys(self._reader)
        return self._reader

    def close(self) -> None:
        """Close both; a second call does nothing."""
        self._stack.close()
        self._reader = self._writer = None


def required_model(db: Catalog, folder: Path) -> StoredModel:
    """Return the model of the catalog. Raises WhereinError when it has none yet."""
    model = bound_model(db)
    if model is None:
        raise WhereinError(_EMPTY.format(folder))
    return model

"""Reading what a library in Milvus lists: from a copy of its catalog, which is made again when that has changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock

from wherein.errors import WhereinError
from wherein.library.cluster.catalog_copy import copy_catalog
from wherein.library.readers import CatalogReader, Reader
from wherein.storage.store.milvus.store import MilvusStore

__all__ = ["CopyReader"]

_NONE = "There is no library at {}; create one with: wherein --library {} ingest FOLDER"


class CopyReader(CatalogReader):
    """Lends connections to a copy of a store's catalog; for any number of threads."""

    def __init__(self, store: MilvusStore) -> None:
        self._store = store
        self._copy_lock = RLock()
        self._copy: TemporaryDirectory[str] | None = None
        self._state: tuple[str, str] | None = None

    @property
    def folder(self) -> Path:
        """The folder of the newest copy. Raises WhereinError when there is no library."""
        with self._copy_lock:
            state = self._store.state()
            if not state[0]:
                raise WhereinError(_NONE.format(self._store.address, self._store.address))
            if self._copy is None or state != self._state:
                self._replace(state)
            assert self._copy is not None
            return Path(self._copy.name)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Lend a reader of the newest state."""
        with self._copy_lock:
            self.folder  # noqa: B018 - makes a new copy where one is due
            with super().reader() as reader:
                yield reader

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection."""
        with self.reader() as reader:
            yield reader.db

    def close(self) -> None:
        """Delete the copy."""
        with self._copy_lock:
            if self._copy is not None:
                super().close()
                self._copy.cleanup()
                self._copy = None

    def _replace(self, state: tuple[str, str]) -> None:
        self.close()
        self._copy, self._state = TemporaryDirectory(prefix="wherein-cluster-"), state
        copy_catalog(self._store, Path(self._copy.name))
        super().__init__(Path(self._copy.name))

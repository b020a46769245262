"""The connections that read a library: as many as threads read at once, up to a limit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from wherein.library.opening import open_for_reading
from wherein.library.pool import Closed, Pool
from wherein.search.pipeline import QueryPipeline
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.unlocked import has_changed
from wherein.storage.filters.facets import FacetCounter

if TYPE_CHECKING:
    from wherein.storage.catalog.protocol import Catalog
    from wherein.storage.index.open_indexes import SharedIndexes

__all__ = ["CatalogReader", "Reader"]

# At most one a core, since more would only compete for the interpreter's lock, but on one core two: a thread that waits
# for the disk keeps its connection.
_LEAST = 2


class Reader:
    """A read-only connection, with the pipeline that last answered and the facets that were counted through it.

    For one thread at a time.
    """

    def __init__(self, folder: Path) -> None:
        """Raise WhereinError when there is no library."""
        self._folder = folder
        self.db: sqlite3.Connection = open_for_reading(folder)
        self.facets: FacetCounter = FacetCounter()
        self._pipeline: tuple[SharedIndexes, QueryPipeline] | None = None

    def pipeline(self, shared: SharedIndexes) -> QueryPipeline:
        """Return the pipeline of this connection with these indexes."""
        if self._pipeline is None or self._pipeline[0] is not shared:
            self._pipeline = shared, QueryPipeline(self.db, self._folder, shared.model, shared)
        return self._pipeline[1]

    def close(self) -> None:
        """Close the connection."""
        self.db.close()


class CatalogReader:
    """The read-only connections of one `Library`, for any number of threads: opened on first use, and kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._closed = False
        self._pool = self._new_pool()

    @property
    def pool(self) -> Pool[Reader]:
        """The pool of the catalog that is there now; it is closed when the catalog is replaced by another file."""
        return self._pool

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Lend a reader. Raises WhereinError when there is no library, or after `close`."""
        with ExitStack() as stack:
            try:
                reader = stack.enter_context(self._pool.lend())
            except Closed:  # unless the library was closed, another thread has just replaced the pool
                reader = stack.enter_context(self._pool.lend())
            yield reader

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection. Raises as `reader` does."""
        with self.reader() as reader:
            yield reader.db

    @contextmanager
    def snapshot(self) -> Iterator[Catalog]:
        """Read one committed state."""
        with self.connection() as db, snapshot(db):
            yield db

    def renew(self) -> None:
        """Open new connections from now on: the catalog may have been replaced by another file."""
        with self._lock:
            if not self._closed:
                old, self._pool = self._pool, self._new_pool()
                old.close()

    def close(self) -> None:
        """Close the connections, those in use when they return; there are no others after that."""
        with self._lock:
            self._closed = True
            self._pool.close()

    def _new_pool(self) -> Pool[Reader]:
        size = max(_LEAST, os.cpu_count() or 1)
        return Pool(partial(Reader, self._folder), Reader.close, size, lambda reader: not has_changed(reader.db))

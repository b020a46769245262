"""Indexes that are open: shared by all connections of a process to a library, and seen through one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords
from wherein.storage.index.vector_index import VectorIndex, load_index, reading_loaded

__all__ = ["OpenIndexes", "SharedIndexes"]

Index = TypeVar("Index")


class SharedIndexes:
    """The newest indexes of one library that any of its connections has loaded, with the vectors of `model`.

    Hold `turn` from before the snapshot begins until the index is loaded: then no state that is loaded is older than
    the one before, so that each can be made from the one before, and what one connection has loaded, none loads again.
    """

    def __init__(self, folder: Path, model: StoredModel | None) -> None:
        self.model = model
        self.turn = Lock()
        self._folder = folder
        self._vectors: VectorIndex | None = None
        self._keywords: KeywordIndex | None = None

    def vectors(self, db: Catalog) -> VectorIndex:
        """Return the vectors of the state that `db` sees. Raises as `load_index` does."""
        assert self.model is not None
        self._vectors = load_index(db, self._folder, self.model, self._vectors)
        return self._vectors

    def keywords(self, db: Catalog) -> KeywordIndex:
        """Return the terms of the state that `db` sees. Raises as `load_keywords` does."""
        self._keywords = load_keywords(db, self._folder, self._keywords)
        return self._keywords


class OpenIndexes:
    """The indexes as one connection sees them; one thread at a time uses it.

    `version` is SQLite's `data_version` of the state that was read last: it is another after each commit by others, and
    says nothing about other connections.
    """

    def __init__(self, db: Catalog, shared: SharedIndexes) -> None:
        self._db = db
        self._shared = shared
        self._vectors: VectorIndex | None = None
        self._keywords: KeywordIndex | None = None
        self.version = -1

    @contextmanager
    def reading_vectors(self) -> Iterator[VectorIndex]:
        """Yield the vectors of one snapshot, which is open meanwhile. Raises as `load_index` does."""
        with self._reading(lambda: self._vectors, self._load_vectors) as index:
            yield index

    @contextmanager
    def reading_keywords(self) -> Iterator[KeywordIndex]:
        """Yield the terms of one snapshot, which is open meanwhile. Raises as `load_keywords` does."""
        with self._reading(lambda: self._keywords, self._load_keywords) as index:
            yield index

    @contextmanager
    def reading_both(self) -> Iterator[tuple[VectorIndex, KeywordIndex]]:
        """Yield vectors and terms of one snapshot, which is open meanwhile."""
        with self._reading(self._both, lambda: (self._load_vectors(), self._load_keywords())) as indexes:
            yield indexes

    def _both(self) -> tuple[VectorIndex, KeywordIndex] | None:
        return (self._vectors, self._keywords) if self._vectors and self._keywords else None

    def _load_vectors(self) -> VectorIndex:
        self._vectors = self._shared.vectors(self._db)
        return self._vectors

    def _load_keywords(self) -> KeywordIndex:
        self._keywords = self._shared.keywords(self._db)
        return self._keywords

    @contextmanager
    def _reading(self, known: Callable[[], Index | None], load: Callable[[], Index]) -> Iterator[Index]:
        with snapshot(self._db):
            if self._is_current() and (index := known()) is not None:
                yield index
                return

        def load_current() -> Index:
            if not self._is_current():
                self._vectors = self._keywords = None
            loaded = load()
            self.version = self._data_version()
            return loaded

        with reading_loaded(self._db, load_current, self._shared.turn) as index:
            yield index

    def _is_current(self) -> bool:
        return self.version == self._data_version()

    def _data_version(self) -> int:
        """Return the `data_version` of the snapshot, which begins here unless something was read before."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        return int(version)

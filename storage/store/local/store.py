"""The store in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import UsageError, WhereinError
from wherein.storage.catalog.documents import count_chunks, count_documents
from wherein.storage.catalog.models import StoredModel, bind_model, bound_model, now
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vector_counts import vector_counts
from wherein.storage.index.folding import is_behind, recount_if_due
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KINDS, VECTORS, drop_old_generations, list_generations
from wherein.storage.index.method import choose_index, chosen_index
from wherein.storage.store.checks import check_index
from wherein.storage.store.local.connection import Connections, required_model
from wherein.storage.store.local.limits import LIMITS
from wherein.storage.store.local.reading import LocalReading
from wherein.storage.store.local.searching import LocalSearching
from wherein.storage.store.local.writing import LocalWriting
from wherein.storage.store.store import Capabilities, Generation, Model, Stats

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["LocalStore"]

_NEXT = "next"


class LocalStore(LocalReading, LocalSearching, LocalWriting):
    """The library in a folder as a store; see `Store`. For one thread at a time.

    A generation is an index of what the catalog holds, so that what is written is seen before a generation is
    published. While something is being written the folder is locked: `close` releases it.
    """

    def __init__(self, folder: Path) -> None:
        self._connections = Connections(folder)

    @property
    def address(self) -> str:
        """The folder."""
        return str(self._connections.folder)

    @property
    def generation(self) -> Generation:
        """The active generation. Raises WhereinError when there is none."""
        active = [one for one in self.generations() if one.is_active]
        if not active:
            raise WhereinError(f"There is no library at {self.address}")
        return active[0]

    @contextmanager
    def snapshot(self) -> Iterator[Catalog]:
        """Let everything that is read meanwhile be of one committed state; yield the catalog in that state."""
        with self._connections.reading() as db:
            yield db

    def capabilities(self) -> Capabilities:
        """Return what a store in a folder can do."""
        return LIMITS

    def stats(self) -> Stats:
        """Return how much the catalog holds, and the bytes of all files in the folder."""
        files = (path for path in self._connections.folder.rglob("*") if path.is_file())
        with self._connections.reading() as db:
            model = bound_model(db)
            vectors = vector_counts(db, model.id).live if model else 0
            return Stats(count_documents(db), count_chunks(db), vectors, sum(path.stat().st_size for path in files))

    def close(self) -> None:
        """Close the catalog, and release the folder."""
        self._vectors = self._keywords = None
        self._connections.close()

    def at(self, generation: Generation) -> LocalStore:
        """Return this store: all generations are of the same documents."""
        return self

    def generations(self) -> list[Generation]:
        """Return the generations of vectors, the oldest first; one that has no file yet counts."""
        if not (self._connections.folder / "catalog.db").exists():
            return []
        with self._connections.reading() as db:
            model = bound_model(db)
            return _generations(db, model) if model else []

    def begin_generation(self, model: Model, index: str = "auto") -> Generation:
        """Return the next generation. Raises UsageError when the library has another model."""
        check_index(index, LIMITS)
        with self._connections.writing("store.begin") as db:
            bound, is_new = bound_model(db), False
            if bound is None:
                bound, is_new = _bind(db, model), True
            if bound.fingerprint != model.fingerprint:
                raise UsageError(
                    f"The library {self.address} has vectors of {bound.name} {bound.fingerprint}, and not of"
                    f" {model.name} {model.fingerprint}"
                )
            choose_index(db, index)
            generation = _generations(db, bound)[-1] if is_new else Generation(_NEXT, model, index, False, now())
        recount_if_due(self._connections.writable())
        return generation

    def publish_generation(self, generation: Generation) -> None:
        """Write the index that `begin_generation` chose, and answer from it."""
        db, folder = self._connections.writable(), self._connections.folder
        if generation.name == _NEXT or not _written(db):
            model = required_model(db, folder)
            for kind in KINDS:
                if is_behind(db, model, kind):
                    write_generation(db, folder, model, kind)
            drop_old_generations(db, folder)

    def drop_generation(self, generation: Generation) -> None:
        """Forget a generation, and delete its file. Raises WhereinError for the active one."""
        if any(one.is_active and one.name == generation.name for one in self.generations()):
            raise WhereinError("The active generation cannot be dropped; publish another one first")
        with self._connections.writing("store.drop") as db:
            db.execute("DELETE FROM generations WHERE id = ? AND active = 0", [generation.name])
        drop_old_generations(self._connections.writable(), self._connections.folder)


def _bind(db: Database, model: Model) -> StoredModel:
    return bind_model(
        db, fingerprint=model.fingerprint, name=model.name, version=model.version, precision=model.precision,
        dimension=model.width,
    )  # fmt: skip


def _model(stored: StoredModel) -> Model:
    return Model(stored.fingerprint, stored.name, stored.version, stored.precision, stored.dimension)


def _written(db: Catalog) -> list[tuple[int, str, str, int]]:
    """Return id, method, time and whether it is active of the generations of vectors, the oldest first."""
    active = dict(db.execute("SELECT id, active FROM generations").fetchall())
    return [
        (one.id, one.method.name, one.created_at, active[one.id]) for one in list_generations(db) if one.kind == VECTORS
    ]


def _generations(db: Catalog, model: StoredModel) -> list[Generation]:
    own = _model(model)
    found = [Generation(str(number), own, name, bool(active), at) for number, name, at, active in _written(db)]
    # Before the first file is written, all vectors are searched exactly.
    return found or [Generation("first", own, chosen_index(db), True, "")]

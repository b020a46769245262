"""ClusterLibrary: the interface of `Library` for a library in Milvus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

from wherein.errors import UsageError
from wherein.evaluation.run import EvaluatedLibrary, Measured, evaluate_golden_file
from wherein.ingest.limits import MARGIN
from wherein.ingest.progress.events import Report, Summary
from wherein.library import Library
from wherein.library import arguments as given
from wherein.library.arguments import Name, StrPath, checked
from wherein.library.cluster.catalog_copy import copy_catalog
from wherein.library.cluster.copy_reader import CopyReader
from wherein.library.cluster.documents import document_of, documents_of
from wherein.library.cluster.lease import writing_to
from wherein.library.cluster.queries import ClusterQueries
from wherein.library.cluster.recalling import recall
from wherein.library.cluster.status import cluster_status
from wherein.library.cluster.working_copy import working_copy
from wherein.library.moving import Moved, moved
from wherein.library.status import Status
from wherein.storage.catalog.coverage import Covered
from wherein.storage.catalog.documents import ChunkRow, StoredDocument
from wherein.storage.store.milvus.address import parse_address
from wherein.storage.store.milvus.store import MilvusStore

if TYPE_CHECKING:
    from wherein.library.ingesting import RunFactory
    from wherein.storage.catalog.coverage import Coverage
    from wherein.storage.export.package import Package
    from wherein.storage.store.store import Store

__all__ = ["ClusterLibrary"]

_EMPTY = "There is no library at {}; create one with: wherein --library {} ingest FOLDER"
_NOT_THERE = "{} is not available for a library in Milvus, {}"
_OWN_CARE = "which looks after its own files; see docs/cluster.md"


@checked
class ClusterLibrary(Library):
    """A library at an address of Milvus; see `Library`.

    What writes to it works on a temporary copy of what is listed, and brings each change to Milvus when it is
    committed.
    """

    def __init__(self, folder: StrPath | None = None, **options: Any) -> None:
        """Raise UsageError for what is no address."""
        super().__init__(folder, **options)
        address = parse_address(str(self.folder))
        self.store = MilvusStore(address)
        self.folder = Path(self.store.address)
        self._lite = () if address.path is None else (str(address.path),)
        self._copies = self._reader = CopyReader(self.store)
        empty = _EMPTY.format(self.store.address, self.store.address)
        self._queries = ClusterQueries(self.store, self._reader, self._models, empty)

    # Writing.

    def reindex(
        self,
        *,
        model: StrPath | None = None,
        index: str | None = None,
        accept_removals: bool = False,
        margin: float = MARGIN,
        until: datetime | None = None,
        report: Report = lambda _: None,
        look_ahead: bool = False,
        wait: bool = False,
    ) -> Summary:
        """Catch up with the sources, and swap in another index where one is wanted; see `Library.reindex`."""
        from wherein.library.cluster.reindexing import reindex
        from wherein.library.reindexing import ReindexOptions

        _ = self.store.generation  # raises where there is no library
        options = ReindexOptions(given.model(model), index, accept_removals, margin, given.moment(until), look_ahead)
        return reindex(self.store, self._runs_in(self.folder), options, report, wait=wait)

    def roll_back(self, *, report: Report = lambda _: None, wait: bool = False) -> str:
        """Return to the previous index; see `Library.roll_back`."""
        from wherein.library.cluster.reindexing import roll_back

        with writing_to(self.store, wait=wait):
            return roll_back(self.store)

    def remove_documents(
        self, names: Sequence[Name], *, purge: bool = False, wait: bool = False
    ) -> list[StoredDocument]:
        """Remove documents; see `Library.remove_documents`. Raises UsageError for `purge`."""
        if purge:
            _refuse("Purging", "which itself decides when deleted bytes leave the disk; remove the documents instead")
        return super().remove_documents(names, wait=wait)

    @contextmanager
    def _writable(self, *, wait: bool) -> Iterator[Path]:
        _ = self.store.generation  # raises where there is no library
        with working_copy(self.store, wait=wait) as copy:
            yield copy.folder

    def _run(self, work: Callable[[RunFactory, Report], Summary], report: Report, *, wait: bool) -> Summary:
        with working_copy(self.store, report, wait=wait) as copy:
            summary = work(self._runs_in(copy.folder), copy.watched(report))
        return replace(summary, failed=summary.failed + copy.pusher.failed)

    @contextmanager
    def _planning(self) -> Iterator[RunFactory]:
        with TemporaryDirectory() as folder:  # without a lease or a journal: nothing is written
            copy_catalog(self.store, Path(folder))
            yield self._runs_in(Path(folder))

    def _runs_in(self, folder: Path) -> RunFactory:
        from wherein.library.ingesting import RunFactory

        return RunFactory(
            folder, self._models, self._jobs, own=self._lite, indexed=False, recall=partial(recall, self.store)
        )

    # Reading.

    def exists(self) -> bool:
        """Return whether there is a library at the address; see `Library.exists`."""
        return bool(self.store.state()[0])

    def documents(self, *, after: str = "", limit: int | None = None) -> Iterator[StoredDocument]:
        """Yield the documents by URI; see `Library.documents`."""
        _ = self.store.generation
        yield from documents_of(self.store, after, limit)

    def document(self, name: Name) -> tuple[StoredDocument, str, list[ChunkRow]]:
        """Return a document with its text and its chunks; see `Library.document`."""
        return document_of(self.store, self._copies, given.text(name))

    def coverage(self, name: Name | None = None) -> Coverage | Covered | None:
        """Return how much of the texts the model's vocabulary covers; see `Library.coverage`."""
        found = super().coverage(name)
        # The copy has no passages: nothing that is stored in Milvus is in none.
        return replace(found, dropped=0) if isinstance(found, Covered) else found

    def status(self) -> Status:
        """Return what the library holds; see `Library.status`."""
        return cluster_status(self.store, self._copies)

    def evaluate(
        self, path: StrPath, *, modes: Sequence[str] = ("hybrid",), report: Callable[[str], None] = lambda _: None
    ) -> Iterator[Measured]:
        """Ask the questions of a golden file; see `Library.evaluate`."""
        encoder, passages = self._queries.session.encoder, self.store.stats().passages
        library = EvaluatedLibrary(self.folder, encoder, passages, lambda q, k, mode: self.query(q, k, mode=mode).hits)
        uris = (document.uri for document in self.documents())
        return evaluate_golden_file(library, given.path(path), uris, modes=modes, report=report)

    def close(self) -> None:
        """Close the connection, and delete the copy of the catalog."""
        super().close()
        self.store.close()

    # Moving.

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        """Yield the store."""
        yield self.store

    def _fill(self, package: Package, report: Callable[[str], None]) -> Moved:
        from wherein.storage.export.filling import fill_store

        began = monotonic()
        with writing_to(self.store):
            return moved(self.store.address, package, fill_store(package, self.store, "auto", report), began)

    # What a server of its own does, or what only a folder has.

    def drop_previous_model(self, *, wait: bool = False) -> int:
        """Raise UsageError: the library stays with its model."""
        _refuse("Another model", "which keeps the vectors of one model")

    finish = drop_previous_model

    def passage(self, chunk: int, context: int = 0) -> Any:
        """Raise UsageError: passages have no numbers that last."""
        _refuse("A passage by its number", "where a document that is read again gets new ones; show the document")

    def verify(self, *, deep: bool = False) -> Any:
        """Raise UsageError."""
        _refuse("verify", _OWN_CARE)

    def repair(self, *, wait: bool = False) -> Any:
        """Raise UsageError."""
        _refuse("repair", _OWN_CARE)

    def damaged_copies(self) -> list[Path]:
        """Return an empty list: nothing is quarantined."""
        return []

    def backup(self, target: StrPath, *, verify: bool = False, report: Callable[[str], None] = lambda _: None) -> Any:
        """Raise UsageError."""
        _refuse("backup", _OWN_CARE)

    def backups(self) -> list[Any]:
        """Return an empty list: no backups are written."""
        return []

    def restore(
        self, backup: StrPath, *, force: bool = False, index: bool = True,
        report: Callable[[str], None] = lambda _: None,
    ) -> Any:  # fmt: skip
        """Raise UsageError."""
        _refuse("restore", _OWN_CARE)

    def watch(self, *, every: float = 3600.0, report: Report = lambda _: None) -> Any:
        """Raise UsageError."""
        _refuse("watch", "which is caught up with by: wherein reindex")


def _refuse(what: str, why: str) -> NoReturn:
    raise UsageError(_NOT_THERE.format(what, why))

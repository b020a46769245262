"""The part of `Library` that exports it, and moves it to another store and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from wherein.errors import UsageError
from wherein.library import arguments as given
from wherein.library.arguments import StrPath, checked
from wherein.library.opening import open_for_reading
from wherein.storage.disk.locations import is_milvus

if TYPE_CHECKING:
    from wherein.storage.export.export import Export
    from wherein.storage.export.filling import Filling
    from wherein.storage.export.package import Package
    from wherein.storage.store.store import Store

__all__ = ["Moved", "Moving", "moved"]

Report = Callable[[str], None]


@dataclass(frozen=True)
class Moved:
    """A library that was filled from another one, or from an export: where it is, and what it holds.

    `overlap` is the share of the ten nearest passages of 20 vectors that it finds, compared with exact search in the
    export; `identity` is the SHA-256 of the content, the same for every export of it. `resumed` when an earlier run had
    begun it. Time in seconds.
    """

    library: str
    documents: int
    passages: int
    overlap: float
    identity: str
    resumed: bool
    seconds: float


@checked
class Moving:
    """The methods of `Library` that move it."""

    folder: Path

    def export(self, target: StrPath, *, report: Report = lambda _: None) -> Export:
        """Write one committed state as Parquet files to the new folder `target`, while others read and write.

        `report` gets a phrase for each step. Raises UsageError when something is at `target`, Damaged when the library
        is damaged: then there is no export.
        """
        from wherein.storage.export.export import write_export

        with self._opened() as store:
            return write_export(store, given.path(target), _version(), report)

    def import_export(self, export: StrPath, *, report: Report = lambda _: None) -> Moved:
        """Fill this library, which must be new, from the export in a folder; nothing is embedded.

        An import that was interrupted is resumed. Before it answers, its counts, some documents and the neighbors of
        some vectors are compared with the export. Raises UsageError when there is a library already or no export,
        Damaged when the export is not what was written, Refused when the library does not hold what it does.
        """
        from wherein.storage.export.package import open_package

        return self._fill(open_package(given.path(export)), report)

    def migrate(self, to: StrPath, *, report: Report = lambda _: None) -> Moved:
        """Copy this library to a new one: a folder, `milvus:FILE.db` or `milvus://HOST:PORT/NAME`; nothing is embedded.

        This library stays as it is. Otherwise as `import_export`, by way of an export beside one of the two libraries.
        """
        from wherein.library import Library
        from wherein.storage.export.export import write_export
        from wherein.storage.export.package import open_package

        with Library(to) as target, _work_folder(self.folder, target.folder) as work:
            with self._opened() as store:
                write_export(store, work / "export", _version(), report)
            return target._fill(open_package(work / "export"), report)

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        """Open this library as a store, after migrating one that an older version wrote."""
        from wherein.storage.store.local.store import LocalStore

        open_for_reading(self.folder).close()
        with closing(LocalStore(self.folder)) as store:
            yield store

    def _fill(self, package: Package, report: Report) -> Moved:
        from wherein.storage.export.filling import fill_folder
        from wherein.storage.store.local.store import LocalStore

        began = monotonic()
        return moved(str(self.folder), package, fill_folder(package, self.folder, LocalStore, report), began)


def moved(library: str, package: Package, filling: Filling, began: float) -> Moved:
    """Return what was moved from an export since the moment `began`."""
    from wherein.storage.export.manifest import DOCUMENTS, PASSAGES

    tables = package.manifest.tables
    return Moved(
        library, tables[DOCUMENTS].rows, tables[PASSAGES].rows, round(filling.overlap, 4), package.manifest.identity,
        filling.resumed, round(monotonic() - began, 3),
    )  # fmt: skip


def _version() -> str:
    from importlib.metadata import version  # it imports the parser of mail, which a question has no use for

    return version("wherein")


@contextmanager
def _work_folder(*libraries: Path) -> Iterator[Path]:
    """Yield a new folder beside one of the libraries that is in a folder, for an export on the way."""
    from wherein.storage.backup.staging import clear, staging

    folders = [path for path in libraries if not is_milvus(path)]
    if not folders:
        raise UsageError("To move a library from one Milvus to another, export it, and import it there")
    with staging(folders[0].with_name(f"{folders[0].name}.export")) as work:
        clear(work)
        yield work

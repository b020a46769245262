"""Restoring: a backup is unpacked beside the library's path, checked, and renamed to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged, UsageError, WhereinError
from wherein.storage.backup.archive import read_package, size_of
from wherein.storage.backup.manifest import Manifest
from wherein.storage.backup.staging import clear, printable_path, staging, translating_file_errors
from wherein.storage.catalog.connection import CATALOG, checkpoint, open_writer, writing
from wherein.storage.catalog.documents import count_chunks, count_documents
from wherein.storage.catalog.models import bound_model
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync, fsync_tree
from wherein.storage.disk.lock import writer_lock
from wherein.storage.disk.rename import rename_folder
from wherein.storage.index.folding import write_first_generations
from wherein.storage.index.generations import KINDS, active_generation, generation_path
from wherein.storage.index.segments import delete_segments

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Restored", "replaced_library", "restore_backup", "unpack_library"]

_ASIDE = ".before-restore-"


@dataclass(frozen=True)
class Restored:
    """A library that was restored: numbers of rows, size in bytes, time in seconds.

    `created_at` is the time (UTC) of the backup; `aside` the folder that the previous library was moved to. `rebuilt`:
    the index of vectors was not in the backup and had to be rebuilt.
    """

    library: str
    backup: str
    created_at: str
    documents: int
    chunks: int
    vectors: int
    rebuilt: bool
    bytes: int
    aside: str | None
    seconds: float


def restore_backup(
    backup: Path,
    library: Path,
    *,
    force: bool = False,
    index: bool = True,
    report: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Restore the library in `backup` to the path `library`; `report` is called with a phrase for each phase.

    Without `index` the backup's index is not read, and a new one is built. Raises UsageError when something exists at
    the path, unless `force` moves it aside; LibraryBusy while another process writes to it; Damaged when the backup is
    not what was written; WhereinError when it was made by a newer Wherein. The old library then stays.
    """
    began = time.monotonic()
    library = Path(os.path.realpath(library))  # what a link leads to is replaced, not the link
    if not backup.exists():
        raise UsageError(f"There is no backup {backup}")
    occupied = _occupied(library)
    if occupied and not force:
        raise UsageError(f"{occupied}; --force moves it aside and keeps it")
    with ExitStack() as stack:
        stack.enter_context(translating_file_errors(f"The library {printable_path(library)} cannot be restored"))
        library.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if occupied:
            stack.enter_context(writer_lock(library))
        stage = stack.enter_context(staging(library))
        clear(stage)
        new = stage / "library"
        try:
            manifest, rebuilt = unpack_library(backup, new, index=index, report=report)
        except Damaged as error:
            hint = "; its documents are intact: restore them with --without-index" if _has_catalog(backup) else ""
            raise Damaged(f"The backup {backup} is damaged: {error}{hint}") from error
        fsync_tree(new)  # before the rename: a name on the disk must not lead to files that are not
        failpoint("restore.flushed")
        aside = _rename(new, library, bool(occupied))
    return Restored(
        printable_path(library), printable_path(backup.absolute()), manifest.created_at, manifest.documents,
        manifest.chunks, manifest.vectors, rebuilt, size_of(library), printable_path(aside) if aside else None,
        round(time.monotonic() - began, 3),
    )  # fmt: skip


def unpack_library(
    package: Path, folder: Path, *, index: bool = True, report: Callable[[str], None] = lambda _: None
) -> tuple[Manifest, bool]:
    """Unpack a backup to a new library at `folder`; return its manifest, and whether the index had to be rebuilt.

    The library is migrated to the newest schema. Raises Damaged when it is not what was backed up.
    """
    report("unpacking")
    manifest = read_package(package, folder, index=index)
    failpoint("restore.unpacked")
    with writer_lock(folder), closing(open_writer(folder)) as db:
        _check_counts(db, manifest)
        rebuilt = _complete_generations(db, folder, report)
        checkpoint(db)
    return manifest, rebuilt


def replaced_library(library: Path) -> Path | None:
    """Return the newest library that a restore moved aside from the path `library`, None when there is none."""
    library = Path(os.path.realpath(library))
    if not library.parent.is_dir():
        return None
    # The names end in a time stamp, so the greatest is the newest.
    return max((path for path in library.parent.iterdir() if path.name.startswith(library.name + _ASIDE)), default=None)


def _has_catalog(package: Path) -> bool:
    try:
        read_package(package, index=False)
    except (OSError, WhereinError):
        return False
    return True


def _occupied(library: Path) -> str:
    """Return a sentence on what a restore would replace, "" for nothing. Raises UsageError for what it cannot."""
    if not os.path.lexists(library):
        return ""
    if not library.is_dir():
        raise UsageError(f"{library} is a file, but a library is a folder")
    if library.is_mount():
        raise UsageError(f"{library} is a mount point and cannot be moved; restore to a new folder in it")
    if not any(library.iterdir()):
        return ""
    if (library / CATALOG).exists():
        return f"There is already a library at {library}"
    return f"The folder {library} is not empty"


def _check_counts(db: Database, manifest: Manifest) -> None:
    (vectors,) = db.execute("SELECT count(*) FROM vectors").fetchone()
    if (count_documents(db), count_chunks(db), vectors) != (manifest.documents, manifest.chunks, manifest.vectors):
        raise Damaged("it does not have the numbers of documents, passages and vectors that its manifest states")


def _complete_generations(db: Database, folder: Path, report: Callable[[str], None]) -> bool:
    """Unregister generations whose files are not in the backup, and write new ones where none is left.

    Return whether the index of vectors was rebuilt.
    """
    lost = [
        number
        for number, file in db.execute("SELECT id, file FROM generations").fetchall()
        if not generation_path(folder, file).is_file()
    ]
    with writing(db, "restore.generations"):
        delete_segments(db)  # a backup does without them
        for number in lost:
            db.execute("DELETE FROM generations WHERE id = ?", [number])
    model = bound_model(db)
    if model is None or all(active_generation(db, kind) for kind in KINDS):
        return False
    report("building a new index")
    missing = active_generation(db) is None
    write_first_generations(db, folder, model)
    return missing and active_generation(db) is not None


def _rename(new: Path, library: Path, occupied: bool) -> Path | None:
    """Rename the new library to its path, and what is there to another one, which is returned."""
    aside = _free_name(library) if occupied else None
    with _moving_back(aside, library):
        if aside:
            library.rename(aside)
        failpoint("restore.aside")
        try:
            rename_folder(new, library)
        except OSError as error:
            raise WhereinError(f"The restored library cannot be renamed to {library}: {error.strerror}") from error
    failpoint("restore.renamed")
    fsync(library.parent)
    return aside


@contextmanager
def _moving_back(aside: Path | None, library: Path) -> Iterator[None]:
    """Move the previous library back when the new one does not get its path."""
    try:
        yield
    except BaseException:
        if aside and aside.exists() and not os.path.lexists(library):
            aside.rename(library)
        raise


def _free_name(library: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    first = library.with_name(f"{library.name}{_ASIDE}{stamp}")
    names = (first, *(first.with_name(f"{first.name}-{n}") for n in range(2, 1000)))
    return next(name for name in names if not os.path.lexists(name))

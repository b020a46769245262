"""Opening a library's catalog: for one writer at a time, and for any number of readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Outdated, WhereinError
from wherein.storage.catalog.connection import (
    CATALOG,
    catalog_is_lost,
    checkpoint,
    open_reader,
    open_writer,
)
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.disk.lock import writer_lock

if TYPE_CHECKING:
    import sqlite3

    from sqlite_utils import Database

__all__ = ["EMPTY", "is_library", "open_for_reading", "open_for_writing", "require_library"]

EMPTY = "This library is empty; fill it with: wherein ingest FOLDER"


def is_library(folder: Path) -> bool:
    """Whether there is a library in `folder`, if only a damaged one that has lost its catalog.

    Raises WhereinError when that cannot be found out.
    """
    try:
        return (folder / CATALOG).exists() or catalog_is_lost(folder)
    except OSError as error:
        raise WhereinError(f"The library {folder} cannot be read: {error.strerror}") from error


def require_library(folder: Path) -> None:
    """Raise WhereinError when there is no library in `folder`."""
    if is_library(folder):
        return
    # Late: it is needed only for the message.
    from wherein.storage.backup.restore import replaced_library

    aside = replaced_library(folder)
    if aside and not folder.exists():
        raise WhereinError(
            f"There is no library at {folder}, because a restore was interrupted; run it again, or rename"
            f" {aside} to get the earlier library back"
        )
    raise WhereinError(f"There is no library at {folder}; create one with: wherein ingest FOLDER")


def open_for_reading(folder: Path) -> sqlite3.Connection:
    """Open the catalog read-only, after migrating one that an older version wrote."""
    require_library(folder)
    try:
        return open_reader(folder)
    except Outdated:
        from wherein.storage.index.folding import write_first_generations

        with open_for_writing(folder, wait=True) as db:  # opening it for writing migrates it
            # A library from before keyword search has no generation of keywords.
            if model := bound_model(db):
                write_first_generations(db, folder, model)
        return open_reader(folder)


@contextmanager
def open_for_writing(folder: Path, wait: bool, on_lost: Callable[[str], None] = lambda _: None) -> Iterator[Database]:
    """Open the catalog for writing, creating the library where there is none.

    `on_lost` is called with a description of the commits that a damaged write-ahead log held. With `wait` another
    writer is waited for, else LibraryBusy is raised.
    """
    from wherein.storage.cleanup.purge import finish_purge, purge_is_unfinished
    from wherein.storage.repair.damaged_log import lost_commits

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WhereinError(f"The library {folder} cannot be created: {error.strerror}") from error
    with translating_errors(), writer_lock(folder, wait):
        # First, because SQLite skips the damaged end of a log, and the next commit overwrites it.
        if lost := lost_commits(folder):
            on_lost(lost)
        db = open_writer(folder)
        try:
            # A reader has delayed a purge, or the process was killed: no later writer may leave its bytes behind.
            if purge_is_unfinished(db):
                finish_purge(db, folder)
            yield db
        finally:
            try:
                checkpoint(db)
            finally:
                db.close()

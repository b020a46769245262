"""A log with a damaged end, which SQLite skips and the next writer overwrites: a copy is quarantined before that."""

from pathlib import Path

from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.sqlite_wal import Log, is_in_catalog, log_of, read_log

__all__ = ["keep_damaged_log", "lost_commits"]


def keep_damaged_log(folder: Path, quarantine: Quarantine) -> tuple[Log, bool]:
    """Read the log, and quarantine a copy if it is damaged; return it and whether it is stale.

    All of a stale log is in the catalog already, and SQLite would mix its intact beginning with newer pages.
    """
    path = folder / CATALOG
    log = read_log(log_of(path))
    if not log.lost:
        return log, False
    quarantine.copy(log_of(path))
    return log, path.exists() and is_in_catalog(path, log)


def lost_commits(folder: Path) -> str:
    """Quarantine a damaged log before a writer overwrites its end; return a sentence about the loss, "" if none.

    Raises Damaged for a stale log, because SQLite must not read it.
    """
    if not log_of(folder / CATALOG).exists():
        return ""
    quarantine = Quarantine(folder)
    log, stale = keep_damaged_log(folder, quarantine)
    if stale:
        raise Damaged(f"{log_of(folder / CATALOG)} is damaged, and older than the catalog; run: wherein repair")
    return (
        f"its last {log.lost} commits cannot be read and are lost; a copy is in {quarantine.folder}" if log.lost else ""
    )

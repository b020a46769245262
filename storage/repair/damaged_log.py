"""A log whose end is damaged: SQLite passes over it and the next writer overwrites it. It is kept aside before."""

from pathlib import Path

from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.sqlite_wal import Log, is_in_catalog, log_of, read_log

__all__ = ["keep_damaged_log", "lost_commits"]


def keep_damaged_log(folder: Path, aside: Quarantine) -> tuple[Log, bool]:
    """Read the log, and copy it to `aside` if it is damaged; return it and whether it is stale.

    All of a stale log is in the catalogue already, and SQLite would mix its sound beginning with what is newer.
    """
    path = folder / CATALOG
    log = read_log(log_of(path))
    if not log.lost:
        return log, False
    aside.copy(log_of(path))
    return log, path.exists() and is_in_catalog(path, log)


def lost_commits(folder: Path) -> str:
    """Keep a damaged log aside before a writer overwrites its end; return what is lost, "" if nothing.

    Raises Damaged for a stale log, beside which nothing may be written.
    """
    if not log_of(folder / CATALOG).exists():
        return ""
    aside = Quarantine(folder)
    log, stale = keep_damaged_log(folder, aside)
    if stale:
        raise Damaged(f"{log_of(folder / CATALOG)} is damaged, and older than the catalogue; run: wherein repair")
    return f"its last {log.lost} commits cannot be read and are lost; a copy is in {aside.folder}" if log.lost else ""

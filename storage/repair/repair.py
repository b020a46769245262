"""Repair a library: rebuild what is derived, quarantine what is damaged, name what is lost.

No model is needed: what must be embedded again is left to the next reindex. Everything that is removed or replaced is
copied to `damaged/` first. Run an interrupted repair again to finish it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged, Outdated
from wherein.storage.catalog.connection import CATALOG, checkpoint, lenient_text, open_lenient, open_writer, writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.sqlite_errors import CATALOG_ERRORS, translate_error
from wherein.storage.repair.damaged_log import keep_damaged_log
from wherein.storage.repair.findings import Repair, printable
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.repair_index import repair_index
from wherein.storage.repair.repair_rows import RepairLog, repair_rows
from wherein.storage.repair.salvage import STAGING, Salvaged, salvage
from wherein.storage.repair.schema_check import only_indexes, schema_problems

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["repair"]

_MISSING = "{} is missing, and nothing can be repaired without it; restore a backup with: wherein restore"


def repair(folder: Path, present: Callable[[str], bool]) -> Repair:
    """Repair the library at `folder`; `present(uri)` is whether a file exists. The caller holds the writer's lock.

    Raises Damaged when nothing can be saved, LibraryBusy while another process is reading.
    """
    if not (folder / CATALOG).exists():
        raise Damaged(_MISSING.format(folder / CATALOG))
    quarantine, log = Quarantine(folder), RepairLog()
    stale_log = _quarantine_log(folder, quarantine, log)
    problems = ["its log is damaged"] if stale_log else _schema_problems(folder)
    salvaged = False
    if problems and not (only_indexes(problems) and _rebuild_indexes(folder, log)):
        _salvage(folder, quarantine, log, problems, with_log=not stale_log)
        salvaged = True
    db = _open(folder)
    try:
        repair_rows(db, folder, quarantine, present, log)
        problems = schema_problems(db)
        if problems and not salvaged:
            db.close()
            _salvage(folder, quarantine, log, problems)
            salvaged = True
            db = _open(folder)
            repair_rows(db, folder, quarantine, present, log)
        if salvaged:
            _report_lost(db, present, log)
        log.repaired += repair_index(db, folder, quarantine, missing_too=salvaged or bool(log.repaired))
        checkpoint(db)
        shutil.rmtree(folder / STAGING, ignore_errors=True)  # of a repair that died when it was nearly done
    finally:
        db.close()
    repaired, lost = (tuple(map(printable, sentences)) for sentences in (log.repaired, log.lost))
    return Repair(repaired, lost, str(quarantine.folder) if quarantine.used else "")


def _open(folder: Path) -> Database:
    db = open_writer(folder)
    db.conn.text_factory = lenient_text  # damaged text has to be readable to be quarantined
    return db


def _quarantine_log(folder: Path, quarantine: Quarantine, log: RepairLog) -> bool:
    """Quarantine a copy of a damaged log; return whether it is stale, so that SQLite must not read it."""
    wal, stale = keep_damaged_log(folder, quarantine)
    if wal.lost and not stale:
        log.lost.append(f"the last {wal.lost} commits: the log is damaged where they were; ingest again what they"
                         " added with: wherein reindex")  # fmt: skip
    return stale


def _schema_problems(folder: Path) -> list[str]:
    """Return what is wrong with the catalog's structure, or why it cannot be opened."""
    try:
        with closing(_opened(folder)) as db:
            return schema_problems(db)
    except CATALOG_ERRORS as error:
        meaning = translate_error(error)
        if not isinstance(meaning, Damaged):
            raise meaning from error
        return [str(error)]
    except Damaged as error:
        return [str(error).partition("; ")[0]]


def _opened(folder: Path) -> sqlite3.Connection:
    try:
        return open_lenient(folder)
    except Outdated:
        open_writer(folder).close()  # which migrates it
        return open_lenient(folder)


def _rebuild_indexes(folder: Path, log: RepairLog) -> bool:
    """Rebuild SQLite's own indexes; return whether the catalog has no other problem."""
    try:
        with closing(open_writer(folder)) as db:
            with writing(db, "repair.indexes"):
                db.execute("REINDEX")
            repaired = not schema_problems(db)
    except CATALOG_ERRORS as error:
        if not isinstance(translate_error(error), Damaged):
            raise
        return False
    if repaired:
        log.repaired.append("the catalog's own indexes were rebuilt")
    return repaired


def _salvage(
    folder: Path, quarantine: Quarantine, log: RepairLog, problems: list[str], *, with_log: bool = True
) -> None:
    result = salvage(folder, quarantine, with_log=with_log)
    log.repaired.append(
        f"the catalog was damaged ({problems[0]}): {_counts(result)} were saved into a fresh one;"
        " the next reindex reads all files again, and embeds only what has lost its vector"
    )


def _counts(result: Salvaged) -> str:
    return ", ".join(f"{result.saved.get(table, 0):,} {table}" for table in ("documents", "chunks", "vectors"))


def _report_lost(db: Database, present: Callable[[str], bool], log: RepairLog) -> None:
    """Name the documents that were in the damaged catalog and cannot be ingested again."""
    rows = db.execute(
        "SELECT s.uri FROM sources s WHERE s.kind = 'stdin' AND NOT EXISTS"
        " (SELECT 1 FROM documents d WHERE d.uri = s.uri)"
    ).fetchall()
    log.lost += [f"{uri}: it came on standard input, and no document of that name was saved" for (uri,) in rows]
    rows = db.execute(
        "SELECT f.uri FROM files f WHERE f.state = 'read' AND NOT EXISTS"
        " (SELECT 1 FROM documents d WHERE d.file_id = f.id)"
    ).fetchall()
    log.lost += [f"{uri}: its file is gone, and no document of it was saved" for (uri,) in rows if not present(uri)]
    if db.execute("SELECT 1 FROM documents LIMIT 1").fetchone() and bound_model(db) is None:
        log.lost.append("the record of the model, and with it all vectors; the next reindex computes them again")

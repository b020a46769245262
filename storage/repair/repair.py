"""What is derived is made anew, what is damaged is put aside, and what cannot be brought back is named.

No model is needed: what must be embedded again is left to the next reindex. Nothing is deleted that was not copied
to `damaged/` before. A repair that was interrupted is finished by running it again.
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
from wherein.storage.repair.structure import only_indexes, schema_problems

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["repair"]

_MISSING = "{} is missing, and nothing can be saved without it; bring the library back with: wherein restore"


def repair(folder: Path, present: Callable[[str], bool]) -> Repair:
    """Mend the library at `folder`; `present` tells whether the file of a uri is there. The caller holds the lock.

    Raises Damaged when nothing can be saved, LibraryBusy while a reader stands in the way.
    """
    if not (folder / CATALOG).exists():
        raise Damaged(_MISSING.format(folder / CATALOG))
    aside, log = Quarantine(folder), RepairLog()
    stale_log = _keep_log(folder, aside, log)
    found = ["its log is damaged"] if stale_log else _disorder(folder)
    salvaged = False
    if found and not (only_indexes(found) and _build_indexes(folder, log)):
        _salvage(folder, aside, log, found, with_log=not stale_log)
        salvaged = True
    db = _open(folder)
    try:
        repair_rows(db, folder, aside, present, log)
        found = schema_problems(db)
        if found and not salvaged:
            db.close()
            _salvage(folder, aside, log, found)
            salvaged = True
            db = _open(folder)
            repair_rows(db, folder, aside, present, log)
        if salvaged:
            _tell_lost(db, present, log)
        log.mended += repair_index(db, folder, aside, due=salvaged or bool(log.mended))
        checkpoint(db)
        shutil.rmtree(folder / STAGING, ignore_errors=True)  # of a repair that died when it was nearly done
    finally:
        db.close()
    mended, lost = (tuple(map(printable, sentences)) for sentences in (log.mended, log.lost))
    return Repair(mended, lost, str(aside.folder) if aside.used else "")


def _open(folder: Path) -> Database:
    db = open_writer(folder)
    db.conn.text_factory = lenient_text
    return db


def _keep_log(folder: Path, aside: Quarantine, log: RepairLog) -> bool:
    """Keep a copy of a damaged log; return whether all of it is in the catalogue already, so that it must go unread."""
    wal, stale = keep_damaged_log(folder, aside)
    if wal.lost and not stale:
        log.lost.append(f"the last {wal.lost} commits: the log is damaged where they were; take in again what was"
                         " added by them with wherein reindex")  # fmt: skip
    return stale


def _disorder(folder: Path) -> list[str]:
    """Return what is wrong with the catalogue's structure, also when it cannot even be opened."""
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


def _build_indexes(folder: Path, log: RepairLog) -> bool:
    """Build SQLite's indexes anew; return whether everything is in order then."""
    try:
        with closing(open_writer(folder)) as db:
            with writing(db, "repair.indexes"):
                db.execute("REINDEX")
            in_order = not schema_problems(db)
    except CATALOG_ERRORS as error:
        if not isinstance(translate_error(error), Damaged):
            raise
        return False
    if in_order:
        log.mended.append("the catalogue's own indexes were built anew")
    return in_order


def _salvage(folder: Path, aside: Quarantine, log: RepairLog, found: list[str], *, with_log: bool = True) -> None:
    result = salvage(folder, aside, with_log=with_log)
    log.mended.append(
        f"the catalogue was damaged ({found[0]}): {_counts(result)} were saved into a fresh one;"
        " the next reindex reads all files again, and embeds only what has no vector any more"
    )


def _counts(result: Salvaged) -> str:
    return ", ".join(f"{result.saved.get(table, 0):,} {table}" for table in ("documents", "chunks", "vectors"))


def _tell_lost(db: Database, present: Callable[[str], bool], log: RepairLog) -> None:
    """Name what was in the damaged catalogue and cannot be taken in again."""
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
        log.lost.append("the record of the model, and with it all vectors; the next reindex calculates them again")

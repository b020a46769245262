"""What a reindex cleans up: old orphans, old generations, and free pages of the catalog."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.vector_counts import remember_vector_counts
from wherein.storage.catalog.vectors import delete_orphans, mark_orphans
from wherein.storage.disk.counted import counted
from wherein.storage.index.generations import drop_old_generations

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["ORPHAN_DAYS", "prune"]

ORPHAN_DAYS = 30
"""How long orphans are kept: an interrupted run, or a text that returns, need not be embedded again."""

# VACUUM rewrites the whole catalog. Incremental vacuum would have to be chosen when a library is created, and moves
# pages that the salvage of a damaged catalog needs (docs/how-it-works.md).
_MIN_FREE_BYTES, _MIN_FREE_PART = 64 << 20, 0.25


def prune(db: Database, folder: Path) -> list[str]:
    """Delete what is no longer needed; return a phrase for each thing that was."""
    with writing(db, "reindex.orphans"):
        mark_orphans(db)
        deleted = delete_orphans(db, (datetime.now(UTC) - timedelta(days=ORPHAN_DAYS)).isoformat())
        if model := bound_model(db):
            remember_vector_counts(db, model.id)
    drop_old_generations(db, folder)
    notes = [f"{counted(deleted, 'vector')} without a passage deleted"] if deleted else []
    if free := _free_bytes(db):
        # Rewrites the file in a transaction, so that an interruption loses nothing (https://sqlite.org/lang_vacuum.html).
        db.conn.execute("VACUUM")
        notes.append(f"{free / 1e6:,.0f} MB freed")
    return notes


def _free_bytes(db: Database) -> int:
    """Return the size of the catalog's free pages, 0 where they are too few to rewrite the file for."""
    (free, pages, size) = db.execute(
        "SELECT freelist_count, page_count, page_size FROM pragma_freelist_count, pragma_page_count, pragma_page_size"
    ).fetchone()
    return int(free * size) if free * size >= _MIN_FREE_BYTES and free >= _MIN_FREE_PART * pages else 0

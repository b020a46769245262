"""What a reindex throws away: vectors that nothing needs any more, old generations, empty pages of the catalog."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.vectors import delete_orphans, mark_orphans
from wherein.storage.index.generations import drop_old_generations

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["ORPHAN_DAYS", "tidy"]

ORPHAN_DAYS = 30
"""So long vectors without a chunk are kept, so that an interrupted run, or a text that comes back, finds its work."""

_EMPTY_BYTES, _EMPTY_PART = 64 << 20, 0.25


def tidy(db: Database, folder: Path) -> list[str]:
    """Throw away what is not needed any more; return in a few words what that was."""
    with writing(db, "reindex.orphans"):
        mark_orphans(db)
        gone = delete_orphans(db, (datetime.now(UTC) - timedelta(days=ORPHAN_DAYS)).isoformat())
    drop_old_generations(db, folder)
    said = [f"{gone:,} vectors without a passage deleted"] if gone else []
    if empty := _empty_bytes(db):
        # Rewrites the file, which leaves the old one in force until it is done (https://sqlite.org/lang_vacuum.html).
        db.conn.execute("VACUUM")
        said.append(f"{empty / 1e6:,.0f} MB given back")
    return said


def _empty_bytes(db: Database) -> int:
    """Return how much of the catalog is empty, 0 where it is too little to rewrite the file for it."""
    free, pages, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("freelist_count", "page_count", "page_size")
    )
    return free * size if free * size >= _EMPTY_BYTES and free >= _EMPTY_PART * pages else 0

"""The `backups` table: where this library was backed up to, so that a purge can say where purged text lives on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from wherein.storage.catalog.connection import open_beside, writing
from wherein.storage.catalog.protocol import Catalog

__all__ = ["BackupRecord", "older_backups", "remember_backup"]


@dataclass(frozen=True)
class BackupRecord:
    """A backup at `place` holds what was committed by `created_at` (UTC); it may be gone by now."""

    id: int
    place: str
    created_at: str


def remember_backup(folder: Path, place: str, created_at: str) -> None:
    """Note in the library at `folder` that it was backed up, in one short transaction beside a writer.

    Needs no writer's lock: SQLite lets one transaction write at a time, and this one neither waits for a run to end
    nor checkpoints. Keep another connection to the catalogue open meanwhile (see `open_beside`).
    """
    with closing(open_beside(folder)) as db, writing(db, "backup.note"):
        # A run that died after this is run again, and finishes the same backup.
        db.execute(
            "INSERT INTO backups (place, created_at) SELECT ?1, ?2"
            " WHERE NOT EXISTS (SELECT 1 FROM backups WHERE place = ?1 AND created_at = ?2)",
            [place, created_at],
        )


def older_backups(db: Catalog, before: str) -> list[BackupRecord]:
    """Return the backups whose state was committed before the time `before` (UTC as in `models.now`), oldest first."""
    rows = db.execute(
        "SELECT id, place, created_at FROM backups WHERE created_at < ? ORDER BY created_at, id", [before]
    )
    return [BackupRecord(*row) for row in rows.fetchall()]

"""The `backups` table: where this library was backed up to, so that a purge can name backups that hold the text."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from wherein.storage.catalog.connection import open_beside, writing
from wherein.storage.catalog.protocol import Catalog

__all__ = ["BackupRecord", "older_backups", "remember_backup"]


@dataclass(frozen=True)
class BackupRecord:
    """The backup at path `place` holds what was committed by `created_at` (UTC); it may have been deleted since."""

    id: int
    place: str
    created_at: str


def remember_backup(folder: Path, place: str, created_at: str) -> None:
    """Record in the library at `folder` that it was backed up, in one short transaction beside a writer.

    This needs no writer lock: SQLite lets one transaction write at a time, and this one neither waits for a run to end
    nor checkpoints. Keep another connection to the catalog open meanwhile (see `open_beside`).
    """
    with closing(open_beside(folder)) as db, writing(db, "backup.note"):
        # A backup that was killed after this step is finished by running it again, and is the same backup.
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

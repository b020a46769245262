"""The `nights` table: what each reindex did, for `status` to show, also when it was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["UNFINISHED", "ReindexRun", "begin_run", "finish_run", "last_run"]

UNFINISHED = "unfinished"
"""The outcome of a reindex that is running, or was killed."""

_KEPT = 100


@dataclass(frozen=True)
class ReindexRun:
    """A reindex: when it began and ended (UTC; None for an unfinished one), its outcome, and its report as JSON."""

    id: int
    began_at: str
    ended_at: str | None
    outcome: str
    report: str


def begin_run(db: Database) -> int:
    """Record that a reindex begins; return its id. Only the last 100 are kept."""
    with writing(db, "night.begin"):
        cursor = db.execute("INSERT INTO nights (began_at, outcome, report) VALUES (?, ?, '{}')", [now(), UNFINISHED])
        number = int(cursor.lastrowid or 0)
        db.execute("DELETE FROM nights WHERE id <= ?", [number - _KEPT])
    return number


def finish_run(db: Database, number: int, outcome: str, report: str) -> None:
    """Record how a reindex ended: `outcome` is done, stopped, refused or failed, `report` JSON."""
    with writing(db, "night.finish"):
        db.execute(
            "UPDATE nights SET ended_at = ?, outcome = ?, report = ? WHERE id = ?", [now(), outcome, report, number]
        )


def last_run(db: Catalog) -> ReindexRun | None:
    """Return the latest reindex, None before the first one. Raises Damaged when its row cannot be decoded."""
    row = db.execute("SELECT id, began_at, ended_at, outcome, report FROM nights ORDER BY id DESC LIMIT 1").fetchone()
    return ReindexRun(*typed("nights", row, int, str, (str, NoneType), str, str)) if row else None

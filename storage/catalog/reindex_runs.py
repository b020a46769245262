"""The `nights` table: what each reindex did, so that the next day shows it, also when it did not come to its end."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["UNFINISHED", "NightRecord", "begin_night", "finish_night", "last_night"]

UNFINISHED = "unfinished"
"""The outcome of a reindex that is under way, or that died."""

_KEPT = 100


@dataclass(frozen=True)
class NightRecord:
    """A reindex: when it began and ended (UTC; None when it did not), its outcome, and its report as JSON."""

    id: int
    began_at: str
    ended_at: str | None
    outcome: str
    report: str


def begin_night(db: Database) -> int:
    """Note that a reindex begins; return its id. Old ones are forgotten."""
    with writing(db, "night.begin"):
        cursor = db.execute("INSERT INTO nights (began_at, outcome, report) VALUES (?, ?, '{}')", [now(), UNFINISHED])
        number = int(cursor.lastrowid or 0)
        db.execute("DELETE FROM nights WHERE id <= ?", [number - _KEPT])
    return number


def finish_night(db: Database, number: int, outcome: str, report: str) -> None:
    """Note how it ended: `outcome` is done, stopped, refused or failed, `report` JSON."""
    with writing(db, "night.finish"):
        db.execute(
            "UPDATE nights SET ended_at = ?, outcome = ?, report = ? WHERE id = ?", [now(), outcome, report, number]
        )


def last_night(db: Catalog) -> NightRecord | None:
    """Return the latest reindex, None before the first one. Raises Damaged when its row is not readable."""
    row = db.execute("SELECT id, began_at, ended_at, outcome, report FROM nights ORDER BY id DESC LIMIT 1").fetchone()
    return NightRecord(*typed("nights", row, int, str, (str, NoneType), str, str)) if row else None

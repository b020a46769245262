"""The `golden` table: the user's own questions, each with a document that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["GoldenRow", "add_golden", "list_golden", "note_ranks", "remove_golden"]


@dataclass(frozen=True)
class GoldenRow:
    """A golden question and the URI of the document that answers it.

    `rank` is the document's rank when the question was last asked, from 1; 0 when it was not found, None when the
    question was not asked yet.
    """

    id: int
    question: str
    uri: str
    rank: int | None


def add_golden(db: Database, question: str, uri: str) -> GoldenRow:
    """Add a question with a document that answers it; a known pair stays as it is."""
    with writing(db, "golden.add"):
        db.execute(
            "INSERT INTO golden (question, uri, added_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [question, uri, now()],
        )
    return next(row for row in list_golden(db) if (row.question, row.uri) == (question, uri))


def list_golden(db: Catalog) -> list[GoldenRow]:
    """Return all golden questions, oldest first. Raises Damaged when a row cannot be decoded."""
    rows = db.execute("SELECT id, question, uri, rank FROM golden ORDER BY id").fetchall()
    return [GoldenRow(*typed("golden", row, int, str, str, (int, NoneType))) for row in rows]


def remove_golden(db: Database, number: int) -> None:
    """Delete a golden question."""
    with writing(db, "golden.remove"):
        db.execute("DELETE FROM golden WHERE id = ?", [number])


def note_ranks(db: Database, ranks: Mapping[int, int]) -> None:
    """Store the ranks of some golden questions' documents, by the questions' ids."""
    with writing(db, "golden.ranks"):
        for number, rank in ranks.items():
            db.execute("UPDATE golden SET rank = ? WHERE id = ?", [rank, number])

"""How many vectors belong to a passage, and how many are orphans: remembered, because each vector has to be looked up.

For a million vectors the count takes a second. A reindex, which looks at all of them anyway, stores it with what it was
the count of; any chunk or vector that came or went since makes it void.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.schema import highest_used_id
from wherein.storage.catalog.vectors import count_live, count_orphans

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["VectorCounts", "forget_vector_counts", "remember_vector_counts", "vector_counts"]

_KEY = "vector counts"


@dataclass(frozen=True)
class VectorCounts:
    """`live`: the number of a model's vectors that belong to a passage; `orphans` of any model, as they are marked."""

    live: int
    orphans: int


def vector_counts(db: Catalog, model_id: int) -> VectorCounts:
    """Return the counts, those that are remembered if they still hold. Call inside `snapshot`."""
    (value,) = db.execute("SELECT value FROM settings WHERE key = ?", [_KEY]).fetchone() or ("",)
    return _remembered(value, _state(db, model_id)) or _counted(db, model_id)


def remember_vector_counts(db: Database, model_id: int) -> None:
    """Count and remember. Call inside `writing`."""
    values = [*_state(db, model_id), *astuple(_counted(db, model_id))]
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_KEY, json.dumps([*values, row_checksum(*values)])],
    )


def forget_vector_counts(db: Database) -> None:
    """Let the next status count: other vectors are marked as orphans. Call inside `writing`."""
    db.execute("DELETE FROM settings WHERE key = ?", [_KEY])


def _counted(db: Catalog, model_id: int) -> VectorCounts:
    return VectorCounts(count_live(db, model_id), count_orphans(db))


def _state(db: Catalog, model_id: int) -> tuple[int, ...]:
    """Return numbers that change whenever a chunk or vector comes or goes: ids only grow, and are never used again."""
    highest = (highest_used_id(db, table) for table in ("chunks", "vectors"))
    # SQLite counts a whole table by its shortest index, page by page.
    (chunks, vectors) = db.execute(
        "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM vectors)"
    ).fetchone()  # fmt: skip
    return model_id, *highest, int(chunks), int(vectors)


def _remembered(value: object, state: tuple[int, ...]) -> VectorCounts | None:
    """Return the counts in a setting; None when they are of another state, or damaged."""
    try:
        *values, checksum = json.loads(str(value))
        *known, live, orphans = values
    except (ValueError, TypeError):
        return None
    sound = row_checksum(*values) == checksum and tuple(known) == state
    return VectorCounts(live, orphans) if sound else None

"""How many vectors belong to a passage, and how many are orphans: remembered, because each vector has to be looked up.

For a million vectors the count takes a second. A reindex, which looks at all of them anyway, stores it with what it was
the count of. What came since is counted by itself, and added when an index file of it is written; any chunk or vector
that is gone since makes the count void until the next reindex.
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

__all__ = ["VectorCounts", "forget_vector_counts", "remember_vector_counts", "update_vector_counts", "vector_counts"]

_KEY = "vector counts"


@dataclass(frozen=True)
class VectorCounts:
    """`live`: the number of a model's vectors that belong to a passage; `orphans` of any model, as they are marked."""

    live: int
    orphans: int


@dataclass(frozen=True)
class _State:
    """What was counted: the highest ids that were ever used, and the number of chunks and vectors of any model."""

    model_id: int
    last_chunk: int
    last_vector: int
    chunks: int
    vectors: int


# Stored vectors that belonged to no passage, and do to one that came since.
_RETURNED = """
SELECT count(DISTINCT v.id) FROM chunks c CROSS JOIN vectors v ON v.model_id = ?1 AND v.input_hash = c.input_hash
WHERE c.id > ?2 AND v.id <= ?3
AND NOT EXISTS (SELECT 1 FROM chunks o WHERE o.input_hash = c.input_hash AND o.id <= ?2)
"""


def vector_counts(db: Catalog, model_id: int) -> VectorCounts:
    """Return the counts, from those that are remembered if nothing is gone since. Call inside `snapshot`."""
    return _since(db, model_id, _remembered(db)) or _counted(db, model_id)


def remember_vector_counts(db: Database, model_id: int) -> None:
    """Count and remember. Call inside `writing`."""
    _remember(db, model_id, _counted(db, model_id))


def update_vector_counts(db: Database, model_id: int) -> None:
    """Add what came since to the counts that are remembered, unless these are void. Call inside `writing`."""
    value = _remembered(db)
    # Counting all vectors anew would take longer than the write of a few that this is called for.
    if counts := _since(db, model_id, value) if value else _counted(db, model_id):
        _remember(db, model_id, counts)


def _remembered(db: Catalog) -> object:
    (value,) = db.execute("SELECT value FROM settings WHERE key = ?", [_KEY]).fetchone() or ("",)
    return value


def _remember(db: Database, model_id: int, counts: VectorCounts) -> None:
    chunks, vectors = (highest_used_id(db, table) for table in ("chunks", "vectors"))
    state = _State(model_id, chunks, vectors, _count(db, "chunks"), _count(db, "vectors"))
    values = [*astuple(state), *astuple(counts)]
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_KEY, json.dumps([*values, row_checksum(*values)])],
    )


def forget_vector_counts(db: Database) -> None:
    """Let the next status count: other vectors are marked as orphans. Call inside `writing`."""
    db.execute("DELETE FROM settings WHERE key = ?", [_KEY])


def _counted(db: Catalog, model_id: int) -> VectorCounts:
    return VectorCounts(count_live(db, model_id), count_orphans(db))


def _since(db: Catalog, model_id: int, value: object) -> VectorCounts | None:
    """Return the counts from those in a setting; None if these are damaged, of another model, or of more than is left.

    Ids only grow, and none is used twice: so what has a higher one is new, and what has not is not.
    """
    try:
        *values, checksum = json.loads(str(value))
        *known, live, orphans = values
        then = _State(*known)
    except (ValueError, TypeError):
        return None
    if row_checksum(*values) != checksum or then.model_id != model_id:
        return None
    new_chunks, new_vectors = _count(db, "chunks", then.last_chunk), _count(db, "vectors", then.last_vector)
    old = _count(db, "chunks") - new_chunks, _count(db, "vectors") - new_vectors
    if old != (then.chunks, then.vectors):
        return None
    (returned,) = db.execute(_RETURNED, [model_id, then.last_chunk, then.last_vector]).fetchone()
    added = count_live(db, model_id, then.last_vector) if new_vectors else 0
    return VectorCounts(live + int(returned) + added, orphans)


def _count(db: Catalog, table: str, above: int | None = None) -> int:
    # SQLite counts a whole table by its shortest index, page by page.
    above_id = "" if above is None else f" WHERE id > {above:d}"
    (count,) = db.execute(f"SELECT count(*) FROM {table}{above_id}").fetchone()
    return int(count)

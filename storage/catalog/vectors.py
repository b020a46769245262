"""The `vectors` table: one vector for each distinct model input of each model, found by the input's hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.checksums import vector_checksum
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "Ids",
    "Matrix",
    "checked_vector",
    "count_live",
    "count_orphans",
    "count_vectors",
    "delete_orphans",
    "find_vectors",
    "highest_vector_id",
    "is_stored_vector",
    "known_inputs",
    "mark_orphans",
    "read_vectors",
    "save_vectors",
    "stored_ids",
]

Matrix = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

_LIVE = "EXISTS (SELECT 1 FROM chunks c WHERE c.input_hash = v.input_hash)"


def known_inputs(db: Catalog, model_id: int, hashes: Sequence[bytes]) -> set[bytes]:
    """Return those of `hashes` whose vector of this model is stored."""
    statement = "SELECT input_hash FROM vectors WHERE model_id = ? AND input_hash IN ({})"
    return {name for (name,) in select_in(db, statement, hashes, model_id)}


def save_vectors(db: Database, model_id: int, hashes: Sequence[bytes], vectors: Matrix) -> None:
    """Store vectors `[n, dimension]` under their inputs' hashes; known ones stay. Call inside `writing`."""
    raws = [row.tobytes() for row in np.ascontiguousarray(vectors, dtype="<f4")]
    db.conn.executemany(
        "INSERT INTO vectors (model_id, input_hash, vector, checksum) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (model_id, input_hash) DO NOTHING",
        ([model_id, name, raw, vector_checksum(name, raw)] for name, raw in zip(hashes, raws, strict=True)),
    )


def highest_vector_id(db: Catalog, model_id: int) -> int:
    """Return the highest id among a model's vectors, 0 when there is none."""
    row = db.execute("SELECT id FROM vectors WHERE +model_id = ? ORDER BY id DESC LIMIT 1", [model_id]).fetchone()
    return int(row[0]) if row else 0


def count_vectors(db: Catalog, model_id: int, above: int = 0, upto: int | None = None) -> int:
    """Return how many vectors of a model have an id over `above`, and at most `upto`."""
    limit, limits = ("", []) if upto is None else (" AND v.id <= ?", [upto])
    row = db.execute(f"SELECT count(*) FROM vectors v WHERE {_of_model(above)}{limit}", [model_id, above, *limits])
    return int(row.fetchone()[0])


def count_live(db: Catalog, model_id: int, above: int = 0) -> int:
    """Return how many vectors with an id over `above` belong to a chunk."""
    row = db.execute(f"SELECT count(*) FROM vectors v WHERE {_of_model(above)} AND {_LIVE}", [model_id, above])
    return int(row.fetchone()[0])


def read_vectors(
    db: Catalog, model_id: int, dimension: int, above: int = 0, *, live: bool = False, batch: int = 4096
) -> Iterator[tuple[Ids, Matrix]]:
    """Yield ids `[n]` and vectors `[n, dimension]` of a model's vectors over id `above`, in the order of their ids.

    With `live` only those that belong to a chunk. Raises Damaged when a vector is not what was stored.
    """
    condition = f" AND {_LIVE}" if live else ""
    rows = db.execute(
        f"SELECT id, input_hash, vector, checksum FROM vectors v WHERE +model_id = ? AND id > ?{condition} ORDER BY id",
        [model_id, above],
    )
    last = above
    while part := rows.fetchmany(batch):
        for row in part:
            checked_vector(dimension, *row)
        ids = np.array([row[0] for row in part], dtype=np.int64)
        if (np.diff(ids, prepend=last) <= 0).any():  # pages that changed places, or one that is reached twice
            raise Damaged("The stored vectors are not in the order of their ids; run: wherein verify")
        last = int(ids[-1])
        flat = np.frombuffer(b"".join(row[2] for row in part), dtype="<f4")
        yield ids, flat.reshape(len(part), dimension)


def find_vectors(db: Catalog, model_id: int, dimension: int, wanted: Ids) -> tuple[Ids, Matrix]:
    """Return those of some ids `[n]` that are stored, in no order, and their vectors `[m, dimension]`.

    Raises Damaged when a vector is not what was stored.
    """
    statement = "SELECT id, input_hash, vector, checksum FROM vectors WHERE +model_id = ? AND id IN ({})"
    rows = list(select_in(db, statement, wanted.tolist(), model_id))
    for row in rows:
        checked_vector(dimension, *row)
    flat = np.frombuffer(b"".join(row[2] for row in rows), dtype="<f4")
    return np.array([row[0] for row in rows], dtype=np.int64), flat.reshape(len(rows), dimension)


def stored_ids(db: Catalog, model_id: int) -> Ids:
    """Return the ids `[n]` of a model's vectors, ascending."""
    # By the index, whose entries are shorter than the rows; in the order of the hashes.
    rows = db.execute("SELECT id FROM vectors WHERE model_id = ?", [model_id]).fetchall()
    return np.sort(np.array(rows, dtype=np.int64).reshape(-1))


def _of_model(above: int) -> str:
    """Return the condition for a model's vectors over an id.

    The `+` keeps SQLite from the index that begins with `model_id`: through it every vector of the model is looked at
    to find the few that came last (https://sqlite.org/optoverview.html, "Disqualifying WHERE Clause Terms").
    """
    return "+v.model_id = ? AND v.id > ?" if above else "v.model_id = ? AND v.id > ?"


def checked_vector(dimension: int, vector_id: int, name: bytes, raw: bytes, checksum: int) -> Matrix:
    """Return a stored vector `[dimension]` from its columns. Raises Damaged when it is not what was stored."""
    if not is_stored_vector(dimension, name, raw, checksum):
        raise Damaged(f"Stored vector {vector_id} is damaged; run: wherein verify")
    return np.frombuffer(raw, dtype="<f4")


def is_stored_vector(dimension: object, name: object, raw: object, checksum: object) -> bool:
    """Whether the columns of a vector are what was stored; `dimension` is its model's."""
    if not isinstance(name, bytes) or not isinstance(raw, bytes) or not isinstance(dimension, int):
        return False
    return vector_checksum(name, raw) == checksum and len(raw) == 4 * dimension


def mark_orphans(db: Database) -> None:
    """Note since when a vector belongs to no chunk, and that it does again. Call inside `writing`."""
    db.execute(f"UPDATE vectors AS v SET orphaned_at = ? WHERE orphaned_at IS NULL AND NOT {_LIVE}", [now()])
    db.execute(f"UPDATE vectors AS v SET orphaned_at = NULL WHERE orphaned_at IS NOT NULL AND {_LIVE}")


def count_orphans(db: Catalog) -> int:
    """Return how many vectors were without a chunk when a reindex looked last."""
    return int(db.execute("SELECT count(*) FROM vectors WHERE orphaned_at IS NOT NULL").fetchone()[0])


def delete_orphans(db: Database, before: str) -> int:
    """Delete vectors that have belonged to no chunk since before `before` (UTC); return how many."""
    return int(db.execute("DELETE FROM vectors WHERE orphaned_at < ?", [before]).rowcount)

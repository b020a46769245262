"""The `vectors` table: one vector for each distinct model input of each model, keyed by the input's hash.

A vector of length 1 is stored as float16, any other as float32; the number of bytes tells which
(docs/decisions/bytes.md). Vectors are returned as float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.checksums import vector_checksum
from wherein.storage.catalog.models import StoredModel, now
from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "ROUNDING",
    "UNIT_TOLERANCE",
    "Ids",
    "Matrix",
    "StoredVectors",
    "checked_vector",
    "checked_vectors",
    "count_live",
    "count_orphans",
    "count_vectors",
    "delete_orphans",
    "find_vectors",
    "highest_vector_id",
    "is_stored_vector",
    "known_inputs",
    "mark_orphans",
    "pack_vectors",
    "read_vectors",
    "save_vectors",
    "stored_ids",
    "unpack_vectors",
]

Matrix = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

ROUNDING = 2.0**-11
"""The largest share of its length by which a vector may change when it is stored as float16."""
UNIT_TOLERANCE = 1e-3
"""How far the length of a vector that counts as 1 may be from it: far more than rounding changes it."""
_HALF, _SINGLE = np.dtype("<f2"), np.dtype("<f4")  # the same bytes on every machine

_MAX_KEPT = 5_000  # vectors of 1.5 KB
_HIGHEST = 2**63 - 1  # of SQLite's integers

# Plain tuples, not named ones: a fold reads millions of these rows.
_COLUMNS = "id, input_hash, vector, checksum"
_Columns = tuple[int, bytes, bytes, int]
_LIVE = "EXISTS (SELECT 1 FROM chunks c WHERE c.input_hash = v.input_hash)"


def known_inputs(db: Catalog, model_id: int, hashes: Sequence[bytes]) -> set[bytes]:
    """Return those of `hashes` whose vector of this model is stored."""
    statement = "SELECT input_hash FROM vectors WHERE model_id = ? AND input_hash IN ({})"
    return {input_hash for (input_hash,) in select_in(db, statement, hashes, model_id)}


def save_vectors(db: Database, model_id: int, hashes: Sequence[bytes], vectors: Matrix) -> None:
    """Store vectors `[n, dimension]` under their inputs' hashes; known ones stay. Call inside `writing`."""
    raws = pack_vectors(vectors)
    db.conn.executemany(
        # Not INSERT OR REPLACE: the vector would get another id than it has in the index.
        "INSERT INTO vectors (model_id, input_hash, vector, checksum) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (model_id, input_hash) DO NOTHING",
        ([model_id, name, raw, vector_checksum(name, raw)] for name, raw in zip(hashes, raws, strict=True)),
    )


def pack_vectors(vectors: Matrix) -> list[bytes]:
    """Return the bytes that are stored for vectors `[n, dimension]`."""
    singles = np.ascontiguousarray(vectors, _SINGLE)
    unit = np.abs(np.linalg.norm(singles, axis=1) - 1) <= UNIT_TOLERANCE
    halves = singles[unit].astype(_HALF)
    packed = iter(halves)
    return [(next(packed) if is_unit else single).tobytes() for is_unit, single in zip(unit, singles, strict=True)]


def unpack_vectors(dimension: int, raws: Sequence[bytes]) -> Matrix:
    """Return vectors float32 `[n, dimension]` from the bytes that are stored for them."""
    if {*map(len, raws)} <= {_HALF.itemsize * dimension}:
        return np.frombuffer(b"".join(raws), _HALF).astype(np.float32).reshape(len(raws), dimension)
    return np.stack([_unpacked(dimension, raw) for raw in raws])


def _unpacked(dimension: int, raw: bytes) -> Matrix:
    kind = _HALF if len(raw) == _HALF.itemsize * dimension else _SINGLE
    return np.frombuffer(raw, kind).astype(np.float32)


def highest_vector_id(db: Catalog, model_id: int, upto: int = _HIGHEST) -> int:
    """Return the highest id among a model's vectors, and at most `upto`; 0 when there is none."""
    # The `+`: see `_of_model`.
    statement = "SELECT id FROM vectors WHERE +model_id = ? AND id <= ? ORDER BY id DESC LIMIT 1"
    (highest,) = db.execute(statement, [model_id, upto]).fetchone() or (0,)
    return int(highest)


def count_vectors(db: Catalog, model_id: int, above: int = 0, upto: int | None = None) -> int:
    """Return the number of a model's vectors with an id over `above`, and at most `upto`."""
    limit, limits = ("", []) if upto is None else (" AND v.id <= ?", [upto])
    statement = f"SELECT count(*) FROM vectors v WHERE {_of_model(above)}{limit}"
    (count,) = db.execute(statement, [model_id, above, *limits]).fetchone()
    return int(count)


def count_live(db: Catalog, model_id: int, above: int = 0) -> int:
    """Return the number of a model's vectors with an id over `above` that belong to a chunk."""
    statement = f"SELECT count(*) FROM vectors v WHERE {_of_model(above)} AND {_LIVE}"
    (count,) = db.execute(statement, [model_id, above]).fetchone()
    return int(count)


def read_vectors(
    db: Catalog, model_id: int, dimension: int, above: int = 0, upto: int | None = None, *,
    live: bool = False, batch: int = 4096,
) -> Iterator[tuple[Ids, Matrix]]:  # fmt: skip
    """Yield ids `[n]` and vectors `[n, dimension]` of a model's vectors over id `above`, in the order of their ids.

    None is above `upto`. With `live` only those that belong to a chunk. Raises Damaged when a vector is not what was
    stored.
    """
    condition = f" AND {_LIVE}" if live else ""
    # In the order of the table, without a sort; the `+`: see `_of_model`.
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM vectors v WHERE +model_id = ? AND id > ? AND id <= ?{condition} ORDER BY id",
        [model_id, above, _HIGHEST if upto is None else upto],
    )
    last = above
    while fetched := rows.fetchmany(batch):
        ids, vectors = checked_vectors(dimension, fetched)
        if (np.diff(ids, prepend=last) <= 0).any():  # database pages were swapped, or one is reachable twice
            raise Damaged("The stored vectors are not in the order of their ids; run: wherein verify")
        last = int(ids[-1])
        yield ids, vectors


def find_vectors(db: Catalog, model_id: int, dimension: int, wanted: Ids) -> tuple[Ids, Matrix]:
    """Return those of some ids `[n]` that are stored, in no order, and their vectors `[m, dimension]`.

    Raises Damaged when a vector is not what was stored.
    """
    # Each is looked up by its id; the `+`: see `_of_model`.
    statement = f"SELECT {_COLUMNS} FROM vectors WHERE +model_id = ? AND id IN ({{}})"
    return checked_vectors(dimension, list(select_in(db, statement, wanted.tolist(), model_id)))


class StoredVectors:
    """The vectors of a model, as one connection sees them; for one thread at a time.

    Those that were read lately are kept until something is committed: most questions have neighbors in common.
    """

    def __init__(self, db: Catalog, model: StoredModel) -> None:
        self.db = db
        self.model = model
        self._state: tuple[int, int] | None = None
        self._slots: dict[int, int] = {}  # by the ids of what is kept, the rows of `_kept`
        self._kept: Matrix = np.empty((_MAX_KEPT, model.dimension), np.float32)

    def find(self, wanted: Ids) -> tuple[Ids, Matrix]:
        """Return what `find_vectors` does; each id must be wanted once. Call inside a snapshot."""
        (version,) = self.db.execute("PRAGMA data_version").fetchone()  # says nothing of this connection's own changes
        connection: Any = getattr(self.db, "conn", self.db)  # a `Database` holds sqlite3's connection
        state = version, connection.total_changes
        if state != self._state:
            self._slots.clear()
            self._state = state
        slots = np.fromiter((self._slots.get(number, -1) for number in wanted.tolist()), np.int64, len(wanted))
        is_kept = slots >= 0
        ids, vectors = wanted[is_kept], self._kept[slots[is_kept]]
        if is_kept.all():
            return ids, vectors
        more = find_vectors(self.db, self.model.id, self.model.dimension, wanted[~is_kept])
        self._keep(*more)
        return np.concatenate([ids, more[0]]), np.concatenate([vectors, more[1]])

    def _keep(self, ids: Ids, vectors: Matrix) -> None:
        if len(self._slots) + len(ids) > _MAX_KEPT:
            self._slots.clear()
        first, last = len(self._slots), min(len(self._slots) + len(ids), _MAX_KEPT)
        self._kept[first:last] = vectors[: last - first]
        self._slots.update(zip(ids.tolist(), range(first, last), strict=False))


def checked_vectors(dimension: int, rows: Sequence[_Columns]) -> tuple[Ids, Matrix]:
    """Return ids `[n]` and vectors `[n, dimension]` from the columns of `checked_vector`.

    Raises Damaged when one is not what was stored.
    """
    ids, names, raws, checksums = zip(*rows, strict=True) if rows else ((), (), (), ())
    if not _are_sound(dimension, names, raws, checksums):
        for row in rows:
            _check(dimension, *row)
    return np.array(ids, dtype=np.int64), unpack_vectors(dimension, raws)


def _are_sound(dimension: int, names: Sequence[bytes], raws: Sequence[bytes], checksums: Sequence[int]) -> bool:
    """Whether all rows are what was stored: `is_stored_vector` without its calls, for a fold reads millions of rows."""
    try:
        are_sound = tuple(map(crc32, raws, map(crc32, names))) == checksums
    except TypeError:  # a flipped bit can turn a blob into a text
        return False
    return are_sound and set(map(len, raws)) <= {*_sizes(dimension)}


def _sizes(dimension: int) -> tuple[int, int]:
    return _HALF.itemsize * dimension, _SINGLE.itemsize * dimension


def stored_ids(db: Catalog, model_id: int) -> Ids:
    """Return the ids `[n]` of a model's vectors, ascending."""
    # SQLite reads the index, whose entries are shorter than the rows, in the order of the hashes.
    rows = db.execute("SELECT id FROM vectors WHERE model_id = ?", [model_id]).fetchall()
    return np.sort(np.array(rows, dtype=np.int64).reshape(-1))


def _of_model(above: int) -> str:
    """Return the condition for a model's vectors over an id.

    The `+` keeps SQLite from using the index that begins with `model_id`, through which it would visit every vector of
    the model to find the newest few (https://sqlite.org/optoverview.html, "Disqualifying WHERE Clause Terms").
    """
    # From 0 on all are wanted: SQLite reads the index alone, whose entries are shorter than the rows.
    return "+v.model_id = ? AND v.id > ?" if above else "v.model_id = ? AND v.id > ?"


def checked_vector(dimension: int, vector_id: int, input_hash: bytes, raw: bytes, checksum: int) -> Matrix:
    """Return a stored vector `[dimension]` from its columns. Raises Damaged when it is not what was stored."""
    _check(dimension, vector_id, input_hash, raw, checksum)
    return _unpacked(dimension, raw)


def _check(dimension: int, vector_id: int, input_hash: bytes, raw: bytes, checksum: int) -> None:
    if not is_stored_vector(dimension, input_hash, raw, checksum):
        raise Damaged(f"Stored vector {vector_id} is damaged; run: wherein verify")


def is_stored_vector(dimension: object, input_hash: object, raw: object, checksum: object) -> bool:
    """Whether the columns of a vector are what was stored; `dimension` is its model's."""
    if not isinstance(input_hash, bytes) or not isinstance(raw, bytes) or not isinstance(dimension, int):
        return False
    return vector_checksum(input_hash, raw) == checksum and len(raw) in _sizes(dimension)


def mark_orphans(db: Database) -> None:
    """Record when a vector became an orphan, and clear that when it has a chunk again. Call inside `writing`."""
    db.execute(f"UPDATE vectors AS v SET orphaned_at = ? WHERE orphaned_at IS NULL AND NOT {_LIVE}", [now()])
    db.execute(f"UPDATE vectors AS v SET orphaned_at = NULL WHERE orphaned_at IS NOT NULL AND {_LIVE}")


def count_orphans(db: Catalog) -> int:
    """Return the number of vectors that were marked as orphans, which every reindex does."""
    (count,) = db.execute("SELECT count(*) FROM vectors WHERE orphaned_at IS NOT NULL").fetchone()
    return int(count)


def delete_orphans(db: Database, before: str) -> int:
    """Delete vectors that became orphans before the time `before` (UTC); return their number."""
    return int(db.execute("DELETE FROM vectors WHERE orphaned_at < ?", [before]).rowcount)

"""The `generations` table: index files derived from the catalog, and which of them answer questions.

There are two kinds, each with its own generations. `VECTORS`: a FAISS index of *every* vector of its model up to
`highest_id`, whether it belongs to a chunk or not: an interrupted run that is resumed, or a text that returns, may give
it a chunk again, and it must be found then. How it is searched is described in storage/index/method.py. `KEYWORDS`: the
postings of the terms of every chunk up to `highest_id`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog, typed
from wherein.storage.catalog.term_counts import (
    count_rows,
    highest_counted,
)
from wherein.storage.catalog.vectors import count_vectors, highest_vector_id
from wherein.storage.index.method import EXACT, Method, decode_method, encode_method

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "FOLDER",
    "KEYWORDS",
    "KINDS",
    "SUFFIXES",
    "VECTORS",
    "Generation",
    "active_generation",
    "count_stored",
    "drop_old_generations",
    "generation_path",
    "highest_stored",
    "is_left_out",
    "list_generations",
    "next_number",
    "register_generation",
    "rewrite_generation",
    "unreadable_generations",
]

# "exact" in the database means vectors of any index, approximate ones as well: at first there was no other.
VECTORS, KEYWORDS = "exact", "keywords"
KINDS = (VECTORS, KEYWORDS)

FOLDER = "generations"
SUFFIXES = {VECTORS: ".faiss", KEYWORDS: ".keywords"}
_FILE_NAME = re.compile(r"\d{6,}(\.[a-z]+)")
# Of vectors the active generation, and the one that a rollback returns to, which leaves keywords as they are.
_KEPT = {VECTORS: 2, KEYWORDS: 1}
_EXACT = Method()


@dataclass(frozen=True)
class Generation:
    """A registered file: `count` vectors or chunks, none with an id over `highest_id`; size in bytes.

    `model_id` is the model that the library was bound to; keywords do not depend on it.
    """

    id: int
    model_id: int
    file: str
    kind: str
    count: int
    highest_id: int
    bytes: int
    sha256: str
    created_at: str
    method: Method = _EXACT


# In the order of the fields of `Generation`. For keywords `highest_vector_id` holds the highest id of a chunk.
_SELECT = (
    "SELECT id, model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, method FROM generations"
)


def active_generation(db: Catalog, kind: str = VECTORS) -> Generation | None:
    """Return the generation that questions are answered from, None when there is none yet."""
    row = db.execute(f"{_SELECT} WHERE active = 1 AND kind = ?", [kind]).fetchone()
    return _generation(row) if row else None


def list_generations(db: Catalog) -> list[Generation]:
    """Return all registered generations, oldest first. Raises Damaged when a row cannot be decoded."""
    return [_generation(row) for row in db.execute(f"{_SELECT} ORDER BY id").fetchall()]


def unreadable_generations(db: Catalog) -> list[int]:
    """Return the id of each row that `list_generations` cannot decode."""
    rows = db.execute(f"{_SELECT} ORDER BY id").fetchall()
    return [int(number) for number, *_ in filter(_is_damaged, rows)]


def _is_damaged(row: tuple[Any, ...]) -> bool:
    try:
        _generation(row)
    except Damaged:
        return True
    return False


@lru_cache(maxsize=32)  # each question reads the same few rows four times
def _generation(row: tuple[Any, ...]) -> Generation:
    *values, method = typed("generations", row, int, int, str, str, int, int, int, str, str, str)
    generation = Generation(*values)
    name = _FILE_NAME.fullmatch(generation.file)
    try:
        if not name or name[1] != SUFFIXES.get(generation.kind):
            raise ValueError("not the file name of such a generation; it might lead out of the folder")
        return replace(generation, method=decode_method(method, *_covered(generation)))
    except ValueError as error:
        raise Damaged(f"The record of index {generation.id} is damaged; run: wherein repair") from error


def _covered(generation: Generation) -> tuple[object, ...]:
    """Return the columns that the checksum of `method` covers too, since an approximate search relies on them."""
    return generation.file, generation.count, generation.highest_id, generation.bytes, generation.sha256


def generation_path(folder: Path, file: str) -> Path:
    """Return the path of a generation's `file` in the library at `folder`."""
    return folder / FOLDER / file


def highest_stored(db: Catalog, model: StoredModel, kind: str) -> int:
    """Return the highest id that a new generation of a kind would hold, 0 when there is none."""
    return highest_counted(db) if kind == KEYWORDS else highest_vector_id(db, model.id)


def count_stored(db: Catalog, model: StoredModel, kind: str, above: int = 0, upto: int | None = None) -> int:
    """Return how many stored vectors, or chunks, have an id over `above`, and at most `upto`."""
    return count_rows(db, above, upto) if kind == KEYWORDS else count_vectors(db, model.id, above, upto)


def next_number(db: Catalog) -> int:
    """Return the id that the next row will have; no earlier file was named by it."""
    # The counter may be damaged, so the ids count too.
    (last,) = db.execute(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'generations'), 0),"
        " coalesce((SELECT max(id) FROM generations), 0))"
    ).fetchone()
    return 1 + int(last)


def rewrite_generation(db: Database, generation: Generation) -> None:
    """Store what has changed in the record of a generation. Call inside `writing`."""
    db.execute(
        "UPDATE generations SET count = :count, highest_vector_id = :highest_id, bytes = :bytes, sha256 = :sha256,"
        " method = :method WHERE id = :id",
        {**vars(generation), "method": encode_method(generation.method, *_covered(generation))},
    )


def register_generation(db: Database, generation: Generation) -> Generation:
    """Make a new file the active generation of its kind; return it with its id. Call inside `writing`."""
    # First, because a unique index allows only one active generation of a kind.
    db.execute("UPDATE generations SET active = 0 WHERE active = 1 AND kind = ?", [generation.kind])
    cursor = db.execute(
        "INSERT INTO generations (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, method,"
        " active) VALUES (:model_id, :file, :kind, :count, :highest_id, :bytes, :sha256, :created_at, :method, 1)",
        {**vars(generation), "method": encode_method(generation.method, *_covered(generation))},
    )
    return replace(generation, id=int(cursor.lastrowid or 0))


def drop_old_generations(db: Database, folder: Path, kept: int = max(_KEPT.values())) -> None:
    """Keep the active generations, and of vectors `kept` in all; delete other files, also those left by a crash.

    Of an exact generation that is not active only the record is kept: a rollback writes its file again.
    """
    files, old = set(), []
    for kind in KINDS:
        # After a rollback the active generation is not the newest.
        rows = db.execute(f"{_SELECT} WHERE kind = ? ORDER BY active DESC, id DESC", [kind]).fetchall()
        first_old = min(kept, _KEPT[kind])
        files |= {row[2] for row in rows[:1]} | {row[2] for row in rows[1:first_old] if not _can_be_left_out(row)}
        old += [row[0] for row in rows[first_old:]]
    # Before the files: a crash in between leaves a file too many, and not a row without a file.
    with writing(db, "generation.forget"):
        for number in old:
            db.execute("DELETE FROM generations WHERE id = ?", [number])
    files |= {file for (file,) in db.execute("SELECT file FROM segments").fetchall()}  # ended with their generations
    for path in (folder / FOLDER).glob("*"):
        if path.name not in files:
            path.unlink(missing_ok=True)  # a process that has mapped it can still read it


def is_left_out(db: Catalog, folder: Path, file: str) -> bool:
    """Whether a generation has no file because a rollback would write it again."""
    row = db.execute(f"{_SELECT} WHERE file = ? AND active = 0", [file]).fetchone()
    return row is not None and _can_be_left_out(row) and not generation_path(folder, file).exists()


def _can_be_left_out(row: tuple[Any, ...]) -> bool:
    """Whether the file of a generation that is not active could be written again from the catalog as it was."""
    return not _is_damaged(row) and _generation(row).kind == VECTORS and _generation(row).method.name == EXACT

"""Files derived from the catalogue: written beside the old one, flushed, renamed, then registered.

There are two kinds, each with its own generations. `VECTORS`: a FAISS index of *every* vector of its model up to
`highest_id`, also those that belong to no chunk at the moment: such a vector may get a chunk again (an interrupted run
goes on), and it must be found then; how it is searched, storage/index/method.py tells. `KEYWORDS`: the postings of
the terms of every chunk up to `highest_id`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged, WhereinError
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel, now
from wherein.storage.catalog.protocol import Catalog, typed
from wherein.storage.catalog.term_counts import (
    count_rows,
    highest_counted,
)
from wherein.storage.catalog.vectors import count_vectors, highest_vector_id
from wherein.storage.index.method import Method, decode_method, encode_method

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
    "has_earlier_generation",
    "highest_stored",
    "list_generations",
    "next_number",
    "register_generation",
    "roll_back",
    "unreadable_generations",
]

VECTORS, KEYWORDS = "exact", "keywords"
KINDS = (VECTORS, KEYWORDS)

FOLDER = "generations"
SUFFIXES = {VECTORS: ".faiss", KEYWORDS: ".keywords"}
_KEPT = 2
_COLUMNS = (
    "SELECT id, model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, method FROM generations"
)
_FILE = re.compile(r"\d{6,}(\.[a-z]+)")


_PLAIN = Method()


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
    method: Method = _PLAIN


def active_generation(db: Catalog, kind: str = VECTORS) -> Generation | None:
    """Return the generation that questions are answered from, None when there is none yet."""
    row = db.execute(f"{_COLUMNS} WHERE active = 1 AND kind = ?", [kind]).fetchone()
    return _generation(row) if row else None


def list_generations(db: Catalog) -> list[Generation]:
    """Return all registered generations, the oldest first. Raises Damaged when a row is not readable."""
    return [_generation(row) for row in db.execute(f"{_COLUMNS} ORDER BY id").fetchall()]


def unreadable_generations(db: Catalog) -> list[int]:
    """Return the id of each row that `list_generations` stumbles over."""
    found = []
    for row in db.execute(f"{_COLUMNS} ORDER BY id").fetchall():
        try:
            _generation(row)
        except Damaged:
            found.append(int(row[0]))
    return found


@lru_cache(maxsize=32)  # each question reads the same few rows four times
def _generation(row: tuple[Any, ...]) -> Generation:
    *values, method = typed("generations", row, int, int, str, str, int, int, int, str, str, str)
    found = Generation(*values)
    named = _FILE.fullmatch(found.file)
    try:
        if not named or named[1] != SUFFIXES.get(found.kind):
            raise ValueError("a name that leads elsewhere, or is none")
        return replace(found, method=decode_method(method, *_registered(found)))
    except ValueError as error:
        raise Damaged(f"The record of index {found.id} is damaged; run: wherein repair") from error


def _registered(generation: Generation) -> tuple[object, ...]:
    """Return what else an approximate search relies on."""
    return generation.file, generation.count, generation.highest_id, generation.bytes, generation.sha256


def generation_path(folder: Path, file: str) -> Path:
    """Return where a generation's `file` lies in the library at `folder`."""
    return folder / FOLDER / file


def roll_back(db: Database, model: StoredModel) -> Generation:
    """Answer from the generation of vectors before the active one again; documents and keywords are left alone.

    What came since is in the delta then, which is told by ids. Raises WhereinError when there is none of this model.
    """
    earlier = _before(db, model)
    if not earlier:
        raise WhereinError("There is no earlier generation of the index to return to")
    with writing(db, "generation.rollback"):
        db.execute("UPDATE generations SET active = 0 WHERE active = 1 AND kind = ?", [VECTORS])
        db.execute("UPDATE generations SET active = 1 WHERE id = ?", [earlier[-1].id])
    return earlier[-1]


def has_earlier_generation(db: Catalog, model: StoredModel) -> bool:
    """Whether there is one for `roll_back`."""
    return bool(_before(db, model))


def _before(db: Catalog, model: StoredModel) -> list[Generation]:
    active = active_generation(db)
    return [
        generation
        for generation in list_generations(db)
        if active and generation.kind == VECTORS and generation.model_id == model.id and generation.id < active.id
    ]


def highest_stored(db: Catalog, model: StoredModel, kind: str) -> int:
    """Return the highest id that a new generation of a kind would hold, 0 when there is none."""
    return highest_counted(db) if kind == KEYWORDS else highest_vector_id(db, model.id)


def count_stored(db: Catalog, model: StoredModel, kind: str, above: int = 0, upto: int | None = None) -> int:
    """Return how many stored vectors, or chunks, have an id over `above`, and at most `upto`."""
    return count_rows(db, above, upto) if kind == KEYWORDS else count_vectors(db, model.id, above, upto)


def next_number(db: Catalog) -> int:
    """Return the id that the next row will have; it is never one that another file was called by."""
    row = db.execute(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'generations'), 0),"
        " coalesce((SELECT max(id) FROM generations), 0))"
    ).fetchone()
    return 1 + int(row[0])


def drop_old_generations(db: Database, folder: Path, kept: int = _KEPT) -> None:
    """Keep the newest generations of each kind and delete the other files; unregistered ones a crash has left."""
    files, old = set(), []
    for kind in KINDS:
        rows = db.execute(
            "SELECT id, file FROM generations WHERE kind = ? ORDER BY active DESC, id DESC", [kind]
        ).fetchall()
        files |= {file for _, file in rows[:kept]}
        old += [number for number, _ in rows[kept:]]
    with writing(db, "generation.forget"):
        for number in old:
            db.execute("DELETE FROM generations WHERE id = ?", [number])
    for path in (folder / FOLDER).glob("*"):
        if path.name not in files:
            path.unlink(missing_ok=True)


def register_generation(
    db: Database, model: StoredModel, target: Path, kind: str, count: int, highest: int, digest: str, method: Method
) -> Generation:
    """Make a file the active generation of its kind. Call inside `writing`."""
    size, stamp = target.stat().st_size, now()
    made = Generation(0, model.id, target.name, kind, count, highest, size, digest, stamp, method)
    db.execute("UPDATE generations SET active = 0 WHERE active = 1 AND kind = ?", [kind])
    cursor = db.execute(
        "INSERT INTO generations (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, method,"
        " active) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        [model.id, target.name, kind, count, highest, size, digest, stamp, encode_method(method, *_registered(made))],
    )
    return replace(made, id=int(cursor.lastrowid or 0))

"""FAISS files derived from the `vectors` table: written beside the old one, flushed, renamed, then registered.

A generation holds *every* vector of its model up to `highest_vector_id`, also those that belong to no chunk at the
moment: such a vector may get a chunk again (an interrupted run goes on), and it must be found then.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import Damaged
from storage.catalog import Catalog, typed
from storage.connection import writing
from storage.failpoints import reached
from storage.flat import check_flat, write_flat
from storage.flush import flush
from storage.models import StoredModel, now
from storage.vectors import count_vectors, highest_vector_id, read_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlite_utils import Database

__all__ = [
    "Generation",
    "active_generation",
    "check_layout",
    "drop_old_generations",
    "fold_if_due",
    "generation_path",
    "list_generations",
    "load_generation",
    "unreadable_generations",
    "write_generation",
    "wrong_with_generation",
]

_FOLDER = "generations"
_KEPT = 2
_COLUMNS = "SELECT id, model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at FROM generations"
_FILE = re.compile(r"\d{6,}\.faiss")


@dataclass(frozen=True)
class Generation:
    """A registered FAISS file: `count` vectors, none with an id over `highest_vector_id`; size in bytes."""

    id: int
    model_id: int
    file: str
    kind: str
    count: int
    highest_vector_id: int
    bytes: int
    sha256: str
    created_at: str


def active_generation(db: Catalog) -> Generation | None:
    """Return the generation that questions are answered from, None when there is none yet."""
    row = db.execute(f"{_COLUMNS} WHERE active = 1").fetchone()
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


def _generation(row: Sequence[Any]) -> Generation:
    found = Generation(*typed("generations", row, int, int, str, str, int, int, int, str, str))
    if found.kind != "exact" or not _FILE.fullmatch(found.file):  # a name that leads elsewhere, or is none
        raise Damaged(f"The record of index {found.id} is damaged; run: wherein repair")
    return found


def generation_path(folder: Path, file: str) -> Path:
    """Return where a generation's `file` lies in the library at `folder`."""
    return folder / _FOLDER / file


def write_generation(
    db: Database,
    folder: Path,
    model: StoredModel,
    *,
    step: str = "generation.register",
    beside: Callable[[], object] = lambda: None,
) -> Generation:
    """Write all vectors of `model` to a new FAISS file and make it the active generation.

    `beside` writes what must change together with that, in the same transaction, which is called `step`.
    The order (write, flush file, rename, flush folder, register) leaves the old generation in force until the new
    one is wholly on disk; a crash in between leaves at most an unregistered file.
    """
    target_folder = folder / _FOLDER
    target_folder.mkdir(mode=0o700, exist_ok=True)
    highest, count = highest_vector_id(db, model.id), count_vectors(db, model.id)
    number = _next_number(db)
    target = target_folder / f"{number:06d}.faiss"
    temporary = target.with_suffix(".tmp")
    try:
        digest = write_flat(temporary, count, model.dimension, read_vectors(db, model.id, model.dimension))
    except ValueError as error:  # the count is taken from one of SQLite's indexes, the vectors from their table
        raise Damaged(f"The catalogue is damaged ({error}); run: wherein verify") from error
    flush(temporary)
    reached("generation.flushed")
    temporary.rename(target)
    reached("generation.renamed")
    flush(target_folder)
    reached("generation.folder-flushed")
    with writing(db, step):
        beside()
        return _register(db, model, target, count, highest, digest)


def _next_number(db: Catalog) -> int:
    """Return the id that the next row will have; it is never one that another file was called by."""
    row = db.execute(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'generations'), 0),"
        " coalesce((SELECT max(id) FROM generations), 0))"
    ).fetchone()
    return 1 + int(row[0])


def fold_if_due(db: Database, folder: Path, model: StoredModel, at_least: int = 5_000) -> bool:
    """Fold the delta into a new generation when it exceeds `at_least` vectors and a tenth of the present one."""
    generation = active_generation(db)
    highest, count = (generation.highest_vector_id, generation.count) if generation else (0, 0)
    limit = max(at_least, count // 10)
    # Ids only rise, so that no more vectors than ids can have come: most commits need not count them.
    if highest_vector_id(db, model.id) - highest <= limit or count_vectors(db, model.id, highest) <= limit:
        return False
    write_generation(db, folder, model)
    drop_old_generations(db, folder)
    return True


def load_generation(folder: Path, generation: Generation) -> Any:
    """Return the FAISS index of a generation, memory-mapped, after a look at its size and layout.

    Raises Damaged when the file is missing, is not laid out as it was written, or cannot be read.
    """
    import faiss  # a question waits for the model meanwhile

    # One question is searched by one thread in any case. With more, FAISS still waits for them all: 100,000 vectors
    # took 48 ms instead of 18, and a small index 8 ms instead of 0.01 on a busy machine.
    faiss.omp_set_num_threads(1)
    path = generation_path(folder, generation.file)
    try:
        check_layout(folder, generation)
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Damaged(f"The index {path} is damaged: {reason}; run: wherein repair") from error


def check_layout(folder: Path, generation: Generation) -> int:
    """Return the dimension of a generation's vectors. Raises ValueError or OSError when its file is another one."""
    path = generation_path(folder, generation.file)
    size = path.stat().st_size
    if size != generation.bytes:
        raise ValueError(f"it has {size:,} bytes instead of {generation.bytes:,}")
    return check_flat(path, generation.count, generation.highest_vector_id)


def wrong_with_generation(db: Catalog, folder: Path, generation: Generation) -> str:
    """Read all of a generation's file; return what is wrong with it, "" if nothing."""
    try:
        with generation_path(folder, generation.file).open("rb") as file:
            dimension = check_layout(folder, generation)
            if hashlib.file_digest(file, "sha256").hexdigest() != generation.sha256:
                return "its SHA-256 is not the one that was registered"
    except (OSError, ValueError) as error:
        return str(error.strerror if isinstance(error, OSError) else error)
    row = db.execute("SELECT dimension FROM models WHERE id = ?", [generation.model_id]).fetchone()
    if row is None or row[0] != dimension:
        return "it is not an index of the library's model"
    if count_vectors(db, generation.model_id, upto=generation.highest_vector_id) > generation.count:
        return "it lacks vectors that are stored"
    return ""


def drop_old_generations(db: Database, folder: Path, kept: int = _KEPT) -> None:
    """Keep the newest generations and delete the other files; unregistered ones are leftovers of a crash."""
    rows = db.execute("SELECT id, file FROM generations ORDER BY active DESC, id DESC").fetchall()
    files = {file for _, file in rows[:kept]}
    with writing(db, "generation.forget"):
        for number, _ in rows[kept:]:
            db.execute("DELETE FROM generations WHERE id = ?", [number])
    for path in (folder / _FOLDER).glob("*"):
        if path.name not in files:
            path.unlink(missing_ok=True)


def _register(db: Database, model: StoredModel, target: Path, count: int, highest: int, digest: str) -> Generation:
    size, stamp = target.stat().st_size, now()
    db.execute("UPDATE generations SET active = 0 WHERE active = 1")
    cursor = db.execute(
        "INSERT INTO generations (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at,"
        " active) VALUES (?, ?, 'exact', ?, ?, ?, ?, ?, 1)",
        [model.id, target.name, count, highest, size, digest, stamp],
    )
    number = int(cursor.lastrowid or 0)
    return Generation(number, model.id, target.name, "exact", count, highest, size, digest, stamp)

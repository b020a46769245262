"""FAISS files derived from the `vectors` table: written beside the old one, flushed, renamed, then registered.

A generation holds *every* vector of its model up to `highest_vector_id`, also those that belong to no chunk at the
moment: such a vector may get a chunk again (an interrupted run goes on), and it must be found then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import Damaged
from storage.catalog import Catalog
from storage.connection import writing
from storage.failpoints import reached
from storage.flat import write_flat
from storage.flush import flush
from storage.models import StoredModel, now
from storage.vectors import count_vectors, highest_vector_id, read_vectors

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "Generation",
    "active_generation",
    "drop_old_generations",
    "fold_if_due",
    "load_generation",
    "write_generation",
]

_FOLDER = "generations"
_KEPT = 2


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
    row = db.execute(
        "SELECT id, model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at"
        " FROM generations WHERE active = 1"
    ).fetchone()
    return Generation(*row) if row else None


def write_generation(db: Database, folder: Path, model: StoredModel) -> Generation:
    """Write all vectors of `model` to a new FAISS file and make it the active generation.

    The order (write, flush file, rename, flush folder, register) leaves the old generation in force until the new
    one is wholly on disk; a crash in between leaves at most an unregistered file.
    """
    target_folder = folder / _FOLDER
    target_folder.mkdir(mode=0o700, exist_ok=True)
    highest, count = highest_vector_id(db, model.id), count_vectors(db, model.id)
    number = 1 + int(db.execute("SELECT coalesce(max(id), 0) FROM generations").fetchone()[0])
    target = target_folder / f"{number:06d}.faiss"
    temporary = target.with_suffix(".tmp")
    digest = write_flat(temporary, count, model.dimension, read_vectors(db, model.id, model.dimension))
    flush(temporary)
    reached("generation.flushed")
    temporary.rename(target)
    reached("generation.renamed")
    flush(target_folder)
    reached("generation.folder-flushed")
    return _register(db, model, target, count, highest, digest)


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
    """Return the FAISS index of a generation, memory-mapped.

    Raises Damaged when the file is missing, has another size than was registered, or cannot be read.
    """
    import faiss  # a question waits for the model meanwhile

    # One question is searched by one thread in any case. With more, FAISS still waits for them all: 100,000 vectors
    # took 48 ms instead of 18, and a small index 8 ms instead of 0.01 on a busy machine.
    faiss.omp_set_num_threads(1)
    path = folder / _FOLDER / generation.file
    try:
        size = path.stat().st_size
        if size != generation.bytes:
            raise Damaged(f"{path} has {size:,} bytes instead of {generation.bytes:,}; run: wherein reindex")
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (OSError, RuntimeError) as error:
        raise Damaged(f"{path} cannot be read ({error}); run: wherein reindex") from error
    if index.ntotal != generation.count:
        raise Damaged(f"{path} holds {index.ntotal:,} vectors instead of {generation.count:,}; run: wherein reindex")
    return index


def drop_old_generations(db: Database, folder: Path) -> None:
    """Keep the newest generations and delete the other files; unregistered ones are leftovers of a crash."""
    rows = db.execute("SELECT id, file FROM generations ORDER BY active DESC, id DESC").fetchall()
    kept = {file for _, file in rows[:_KEPT]}
    with writing(db, "generation.forget"):
        for number, _ in rows[_KEPT:]:
            db.execute("DELETE FROM generations WHERE id = ?", [number])
    for path in (folder / _FOLDER).glob("*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _register(db: Database, model: StoredModel, target: Path, count: int, highest: int, digest: str) -> Generation:
    size, stamp = target.stat().st_size, now()
    with writing(db, "generation.register"):
        db.execute("UPDATE generations SET active = 0 WHERE active = 1")
        cursor = db.execute(
            "INSERT INTO generations (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at,"
            " active) VALUES (?, ?, 'exact', ?, ?, ?, ?, ?, 1)",
            [model.id, target.name, count, highest, size, digest, stamp],
        )
    number = int(cursor.lastrowid or 0)
    return Generation(number, model.id, target.name, "exact", count, highest, size, digest, stamp)

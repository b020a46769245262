"""Rolling back to the generation of vectors before the active one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import WhereinError
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import count_vectors, highest_vector_id
from wherein.storage.index.generation_writer import FAILPOINTS, publish
from wherein.storage.index.generations import (
    VECTORS,
    Generation,
    active_generation,
    generation_path,
    is_left_out,
    list_generations,
    rewrite_generation,
)

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["has_earlier_generation", "roll_back"]


def roll_back(db: Database, folder: Path, model: StoredModel) -> Generation:
    """Make the generation of vectors before the active one active again; documents and keywords do not change.

    Later vectors are in the delta then, which is every vector above the generation's highest id. The file of an exact
    generation is written again. Raises WhereinError when there is no earlier generation of this model.
    """
    earlier = _before(db, model)
    if not earlier:
        raise WhereinError("There is no earlier generation of the index to return to")
    generation = earlier[-1]
    if is_left_out(db, folder, generation.file):
        generation = _write_again(db, folder, model, generation)
    with writing(db, "generation.rollback"):
        # In this order: a unique index allows only one active generation of a kind.
        db.execute("UPDATE generations SET active = 0 WHERE active = 1 AND kind = ?", [VECTORS])
        db.execute("UPDATE generations SET active = 1 WHERE id = ?", [generation.id])
    return generation


def has_earlier_generation(db: Catalog, model: StoredModel) -> bool:
    """Whether `roll_back` has a generation to return to."""
    return bool(_before(db, model))


def _before(db: Catalog, model: StoredModel) -> list[Generation]:
    active = active_generation(db)
    return [
        generation
        for generation in list_generations(db)
        if active and generation.kind == VECTORS and generation.model_id == model.id and generation.id < active.id
    ]


def _write_again(db: Database, folder: Path, model: StoredModel, generation: Generation) -> Generation:
    """Write the file of an exact generation, without the vectors that were deleted since; return its new record."""
    from wherein.storage.index.build import write_exact  # a question has no use for it

    highest = highest_vector_id(db, model.id, upto=generation.highest_id)
    count = count_vectors(db, model.id, upto=highest)
    target = generation_path(folder, generation.file)
    temporary = target.with_suffix(".tmp")
    method, digest = write_exact(db, temporary, model, count, upto=highest)
    method = replace(method, asked=generation.method.asked)
    written = replace(
        generation, count=count, highest_id=highest, bytes=temporary.stat().st_size, sha256=digest, method=method
    )
    # Before the file, which would be damaged if it were not the registered one.
    with writing(db, f"{FAILPOINTS[VECTORS]}.register"):
        rewrite_generation(db, written)
    publish(temporary, target, FAILPOINTS[VECTORS])
    return written

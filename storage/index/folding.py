"""When a new generation is due: the first one, a fold of a delta that has grown, or another method or version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import counted_version, recount
from wherein.storage.catalog.terms import terms_version
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import (
    KEYWORDS,
    KINDS,
    Generation,
    active_generation,
    count_stored,
    drop_old_generations,
    highest_stored,
)
from wherein.storage.index.method import method_for

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["differs", "fold_if_due", "is_behind", "recount_if_due", "write_first_generations"]


def fold_if_due(db: Database, folder: Path, model: StoredModel, at_least: int = 5_000) -> bool:
    """Fold a delta into a new generation when it exceeds `at_least` and a tenth of the present one, of either kind."""
    due = [kind for kind in KINDS if _is_due(db, model, kind, at_least)]
    for kind in due:
        write_generation(db, folder, model, kind, append=True)
    if due:
        drop_old_generations(db, folder)
    return bool(due)


def _is_due(db: Catalog, model: StoredModel, kind: str, at_least: int) -> bool:
    generation = active_generation(db, kind)
    highest, count = (generation.highest_id, generation.count) if generation else (0, 0)
    limit = max(at_least, count // 10)
    # Ids only rise, so that no more vectors than ids can have come: most commits need not count them.
    return highest_stored(db, model, kind) - highest > limit and count_stored(db, model, kind, highest) > limit


def write_first_generations(db: Database, folder: Path, model: StoredModel) -> bool:
    """Write a generation of each kind of which there is none, unless it would be empty; return whether one was."""
    due = [kind for kind in KINDS if active_generation(db, kind) is None and highest_stored(db, model, kind)]
    for kind in due:
        write_generation(db, folder, model, kind)
    return bool(due)


def recount_if_due(db: Database) -> bool:
    """Count all terms anew when another version of the program counted them; return whether that was so.

    There is no generation of keywords then, until one is written.
    """
    if counted_version(db) == terms_version():
        return False
    with writing(db, "keywords.recount"):
        db.execute("DELETE FROM terms")
        db.execute("DELETE FROM generations WHERE kind = ?", [KEYWORDS])
        recount(db)
    return True


def is_behind(db: Catalog, model: StoredModel, kind: str) -> bool:
    """Whether a new generation would hold something else than the active one, as far as questions can tell.

    Vectors that went are no reason: they may come back.
    """
    generation = active_generation(db, kind)
    if generation is None:
        return highest_stored(db, model, kind) > 0
    if highest_stored(db, model, kind) > generation.highest_id:
        return True
    if kind == KEYWORDS:
        return differs(db, model, generation)
    return generation.method.asked != method_for(db, generation.count, model.dimension)


def differs(db: Catalog, model: StoredModel, generation: Generation) -> bool:
    """Whether a generation holds what is no longer stored, or lacks what is."""
    return count_stored(db, model, generation.kind, upto=generation.highest_id) != generation.count

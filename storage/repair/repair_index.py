"""An index that is not what was written: put aside, and made anew from the stored vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.index.generations import (
    KEYWORDS,
    KINDS,
    VECTORS,
    active_generation,
    generation_path,
    generation_problem,
    list_generations,
    write_generation,
)
from wherein.storage.repair.quarantine import Quarantine

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["repair_index"]

_MADE = {VECTORS: "the index was made anew", KEYWORDS: "the index of keywords was made anew"}


def repair_index(db: Database, folder: Path, aside: Quarantine, *, due: bool = False) -> list[str]:
    """Read all of every registered index and replace what is damaged; return a sentence for each.

    With `due` one is also made where none is active. Each file stays in force until there is a new one.
    """
    registered, model = list_generations(db), bound_model(db)
    bad = {generation: what for generation in registered if (what := generation_problem(db, folder, generation))}
    log = []
    if model:
        for kind in KINDS:
            active = active_generation(db, kind)
            if active in bad or (active is None and (due or any(old.kind == kind for old in registered))):
                write_generation(db, folder, model, kind)
                if active is None:
                    log.append(_MADE[kind])
    if bad:
        with writing(db, "repair.generations"):
            for generation in bad:
                db.execute("DELETE FROM generations WHERE id = ?", [generation.id])
    for generation, what in bad.items():
        path = generation_path(folder, generation.file)
        if path.exists():
            aside.move(path)
        log.append(f"the index {path.name} was damaged ({what}); it is put aside and made anew")
    return log

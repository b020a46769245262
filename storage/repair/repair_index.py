"""An index file that is not what was written: quarantined, and rebuilt from the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.index.generation_files import generation_problem
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import (
    KEYWORDS,
    KINDS,
    VECTORS,
    Generation,
    active_generation,
    generation_path,
    list_generations,
)
from wherein.storage.index.segments import list_segments
from wherein.storage.repair.quarantine import Quarantine

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["repair_index"]

_REBUILT = {VECTORS: "the index was rebuilt", KEYWORDS: "the keyword index was rebuilt"}


def repair_index(db: Database, folder: Path, quarantine: Quarantine, *, missing_too: bool = False) -> list[str]:
    """Read every registered index file completely and replace the damaged ones; return a sentence for each.

    With `missing_too` an index is also built where none is active. A damaged file stays registered until its successor
    is, so that a death in between loses nothing.
    """
    registered, model = list_generations(db), bound_model(db)
    bad = {generation: what for generation in registered if (what := generation_problem(db, folder, generation))}
    report = []
    if model:
        for kind in KINDS:
            active = active_generation(db, kind)
            if active in bad or (active is None and (missing_too or any(old.kind == kind for old in registered))):
                write_generation(db, folder, model, kind)
                if active is None:
                    report.append(_REBUILT[kind])
    if bad:
        with writing(db, "repair.generations"):
            for generation in bad:
                db.execute("DELETE FROM generations WHERE id = ?", [generation.id])
    bad.update(_forget_segments(db, folder))
    # Unregistered first: a registered file that is not there is damage, one that is not registered is harmless.
    for generation, what in bad.items():
        path = generation_path(folder, generation.file)
        if path.exists():
            quarantine.move(path)
        report.append(f"the index {path.name} was damaged ({what}); it is quarantined and rebuilt")
    return report


def _forget_segments(db: Database, folder: Path) -> dict[Generation, str]:
    """Unregister the damaged segments; return them with what is wrong. What they held is in the catalog."""
    problems = {one: generation_problem(db, folder, one.content, one.above) for one in list_segments(db)}
    bad = {one.content: what for one, what in problems.items() if what}
    if bad:
        with writing(db, "repair.segments"):
            for content in bad:
                db.execute("DELETE FROM segments WHERE id = ?", [content.id])
    return bad

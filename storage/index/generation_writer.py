"""Writing a generation's file: beside the old one, flushed, renamed, then registered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged, Refused
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import read_terms, usual_entries
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync
from wherein.storage.index.generation_files import check_layout
from wherein.storage.index.generations import (
    FOLDER,
    KEYWORDS,
    SUFFIXES,
    VECTORS,
    Generation,
    active_generation,
    count_stored,
    generation_path,
    highest_stored,
    next_number,
    register_generation,
)
from wherein.storage.index.method import Earlier, Method
from wherein.storage.index.postings import write_postings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

__all__ = ["write_generation"]

# What the failpoints of writing one are called by.
_POINTS = {VECTORS: "generation", KEYWORDS: "keywords"}


def write_generation(
    db: Database,
    folder: Path,
    model: StoredModel,
    kind: str = VECTORS,
    *,
    step: str = "",
    beside: Callable[[], object] = lambda: None,
    check: Callable[[Generation], object] = lambda _: None,
    afresh: bool = False,
    append: bool = False,
) -> Generation:
    """Write all vectors of `model`, or all terms, to a new file and make it the active generation of its kind.

    With `afresh` nothing is taken over from the earlier one, with `append` all of it where that is quicker. `beside`
    writes what must change together with that, in the same transaction, which is called `step`. Before it is committed
    `check` may look at what the library would be then through `db`; if it raises, all stays as it was.
    The order (write, flush file, rename, flush folder, register) leaves the old generation in force until the new
    one is wholly on disk; a crash in between leaves at most an unregistered file.
    """
    target_folder = folder / FOLDER
    target_folder.mkdir(mode=0o700, exist_ok=True)
    highest, count = highest_stored(db, model, kind), count_stored(db, model, kind)
    number = next_number(db)
    target = target_folder / f"{number:06d}{SUFFIXES[kind]}"
    temporary = target.with_suffix(".tmp")
    method = Method()
    from wherein.storage.index.build import write_index  # a question has no use for it

    try:
        if kind == KEYWORDS:
            digest = write_postings(temporary, count, highest, count * usual_entries(db), read_terms(db))
        else:
            earlier = None if afresh else _earlier(db, folder, model)
            method, digest = write_index(db, temporary, model, count, earlier, append=append)
    except ValueError as error:  # the count is taken from one of SQLite's indexes, the vectors from their table
        raise Damaged(f"The catalogue is damaged ({error}); run: wherein verify") from error
    point = _POINTS[kind]
    fsync(temporary)
    failpoint(f"{point}.flushed")
    temporary.rename(target)
    failpoint(f"{point}.renamed")
    fsync(target_folder)
    failpoint(f"{point}.folder-flushed")
    try:
        with writing(db, step or f"{point}.register"):
            beside()
            generation = register_generation(db, model, target, kind, count, highest, digest, method)
            check(generation)
    except Refused:
        target.unlink()
        raise
    return generation


def _earlier(db: Catalog, folder: Path, model: StoredModel) -> Earlier | None:
    """Return the active generation of vectors, if it is one of this model and may be opened."""
    try:
        generation = active_generation(db)
        if generation is None or generation.model_id != model.id:
            return None
        check_layout(folder, generation)
    except (Damaged, OSError, ValueError):  # which is told elsewhere
        return None
    path = generation_path(folder, generation.file)
    return Earlier(path, generation.method, generation.count, generation.highest_id, generation.sha256)

"""Writing a new generation: beside the active one, flushed, renamed, then registered in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged, Refused
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel, now
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import average_entries, forget_removed_chunks, read_terms
from wherein.storage.catalog.vector_counts import update_vector_counts
from wherein.storage.catalog.words import read_words
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync
from wherein.storage.index.generation_files import check_layout, load_postings
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

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["FAILPOINTS", "Registration", "Reuse", "publish", "write_generation"]

FAILPOINTS = {VECTORS: "generation", KEYWORDS: "keywords"}
"""With what the names of the failpoints of each kind begin."""


class Reuse(Enum):
    """How much of the active generation a new one takes over; of keywords all but NOTHING take over its words."""

    NOTHING = auto()
    TRAINING = auto()
    """Its lists and the ranges of its codes, unless the library has outgrown them."""
    CODES = auto()
    """Its codes as well, unless one of its vectors is gone."""


@dataclass(frozen=True)
class Registration:
    """The transaction that makes a new generation active.

    `step` names it among the failpoints; "" stands for the usual name. `also_write` writes what must change together
    with the generation. `check` then sees through the same connection what the library would be, before that is
    committed; when it raises, all stays as it was.
    """

    step: str = ""
    also_write: Callable[[], object] = lambda: None
    check: Callable[[Generation], object] = lambda _: None


_REGISTRATION = Registration()


@dataclass(frozen=True)
class _Content:
    """A written file: `count` vectors or chunks up to `highest_id`, and how it is searched."""

    count: int
    highest_id: int
    method: Method
    sha256: str


def write_generation(
    db: Database,
    folder: Path,
    model: StoredModel,
    kind: str = VECTORS,
    *,
    reuse: Reuse = Reuse.TRAINING,
    registration: Registration = _REGISTRATION,
) -> Generation:
    """Write all vectors of `model`, or all terms, to a new file and make it the active generation of its kind.

    The order (write, flush file, rename, flush folder, register) leaves the old generation active until the new one is
    wholly on disk; a crash in between leaves at most an unregistered file. Raises Damaged when the catalog contradicts
    itself, Refused when `registration.check` does; the old generation stays active then.
    """
    (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
    target = generation_path(folder, f"{next_number(db):06d}{SUFFIXES[kind]}")
    temporary = target.with_suffix(".tmp")  # `drop_old_generations` removes what a crash leaves
    try:
        if kind == KEYWORDS:
            content = _write_postings(db, folder, temporary, model, reuse)
        else:
            earlier = None if reuse is Reuse.NOTHING else _earlier(db, folder, model)
            content = _write_vectors(db, temporary, model, earlier, append=reuse is Reuse.CODES)
    except ValueError as error:  # the count comes from one of SQLite's indexes, the vectors from their table
        raise Damaged(f"The catalog is damaged ({error}); run: wherein verify") from error
    publish(temporary, target, FAILPOINTS[kind])
    generation = Generation(
        0, model.id, target.name, kind, content.count, content.highest_id, target.stat().st_size, content.sha256, now(),
        content.method,
    )  # fmt: skip
    try:
        with writing(db, registration.step or f"{FAILPOINTS[kind]}.register"):
            if kind == KEYWORDS:
                forget_removed_chunks(db)
            else:
                update_vector_counts(db, model.id)
            registration.also_write()
            generation = register_generation(db, generation)
            registration.check(generation)
    except Refused:
        # After any other exception the next run removes the file, which is not registered (`drop_old_generations`).
        target.unlink()
        raise
    return generation


def _write_postings(db: Catalog, folder: Path, path: Path, model: StoredModel, reuse: Reuse) -> _Content:
    from wherein.storage.index.postings_writer import write_postings  # a question has no use for it

    highest, count = highest_stored(db, model, KEYWORDS), count_stored(db, model, KEYWORDS)
    words = read_words(db) if reuse is Reuse.NOTHING else _words(db, folder)
    digest = write_postings(path, count, highest, count * average_entries(db), read_terms(db), words)
    return _Content(count, highest, Method(), digest)


def _words(db: Catalog, folder: Path) -> set[str]:
    """Return the words of all chunks, those of the active generation from its file, with some that are gone."""
    try:
        generation = active_generation(db, KEYWORDS)
        known = load_postings(folder, generation).words if generation else ()
    except (Damaged, ValueError):  # verify and every question report it
        known = ()
    if generation is None or not known:
        return read_words(db)
    return {*chain.from_iterable(known), *read_words(db, generation.highest_id)}


def _write_vectors(db: Catalog, path: Path, model: StoredModel, earlier: Earlier | None, *, append: bool) -> _Content:
    from wherein.storage.index.build import write_index  # a question has no use for it

    highest, count = highest_stored(db, model, VECTORS), count_stored(db, model, VECTORS)
    method, digest = write_index(db, path, model, count, earlier, append=append)
    return _Content(count, highest, method, digest)


def publish(temporary: Path, target: Path, point: str) -> None:
    """Give a written file its name, both on the disk when this returns; `point` begins the names of the failpoints."""
    fsync(temporary)  # before the rename, or a power failure could leave the name without the content
    failpoint(f"{point}.flushed")
    temporary.replace(target)
    failpoint(f"{point}.renamed")
    fsync(target.parent)  # the name is an entry of the folder, and is registered next
    failpoint(f"{point}.folder-flushed")


def _earlier(db: Catalog, folder: Path, model: StoredModel) -> Earlier | None:
    """Return the active generation of vectors, if it is one of this model and may be opened."""
    try:
        generation = active_generation(db)
        if generation is None or generation.model_id != model.id:
            return None
        check_layout(folder, generation)
    except (Damaged, OSError, ValueError):  # verify and every question report it
        return None
    path = generation_path(folder, generation.file)
    return Earlier(path, generation.method, generation.count, generation.highest_id, generation.sha256)

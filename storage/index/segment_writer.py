"""Writing a segment: what has come since the last one, merged with those before it that are not much larger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel, now
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import average_entries, read_terms
from wherein.storage.catalog.vector_counts import update_vector_counts
from wherein.storage.catalog.words import read_words
from wherein.storage.index.generation_writer import FAILPOINTS, publish
from wherein.storage.index.generations import (
    KEYWORDS,
    VECTORS,
    Generation,
    active_generation,
    count_stored,
    generation_path,
    highest_stored,
)
from wherein.storage.index.method import Method
from wherein.storage.index.postings_writer import write_postings
from wherein.storage.index.segments import Segment, next_segment_file, register_segment, segments_of

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["write_segment_if_due"]

# Up to this many vectors and passages are read from the catalog when the library is opened: 5 and 20 ms.
_MIN_NEW = 500
# A segment is merged with those before it up to this many times its size: few segments are searched, and each passage
# is written about as often as the delta has doubled.
_GROWTH = 4


def write_segment_if_due(db: Database, folder: Path, model: StoredModel, kind: str, at_least: int = _MIN_NEW) -> bool:
    """Write what is above the last segment to a file, if it exceeds `at_least`; return whether it was written.

    In the order of a generation (storage/index/generation_writer.py). Raises Damaged when the catalog contradicts
    itself.
    """
    generation = active_generation(db, kind)
    if generation is None or (kind == VECTORS and generation.model_id != model.id):
        return False
    chain = segments_of(db, folder, generation)
    ends = [generation.highest_id, *(segment.content.highest_id for segment in chain)]
    highest = highest_stored(db, model, kind)
    # Ids only grow, so the difference of the ids is an upper bound: mostly nothing has to be counted.
    if highest - ends[-1] <= at_least or (new := count_stored(db, model, kind, ends[-1])) <= at_least:
        return False
    above = ends[-1]
    for segment in reversed(chain):
        if segment.content.count > _GROWTH * new:
            break
        above, new = segment.above, new + segment.content.count
    _write(db, folder, model, generation, above, highest)
    return True


def _write(db: Database, folder: Path, model: StoredModel, generation: Generation, above: int, highest: int) -> None:
    kind, count = generation.kind, count_stored(db, model, generation.kind, above)
    target = generation_path(folder, next_segment_file(db, kind))
    temporary = target.with_suffix(".tmp")  # `drop_old_generations` removes what a crash leaves
    try:
        method, digest = _write_file(db, temporary, model, kind, count, above, highest)
    except ValueError as error:  # the count comes from one of SQLite's indexes, the rows from their table
        raise Damaged(f"The catalog is damaged ({error}); run: wherein verify") from error
    publish(temporary, target, FAILPOINTS[kind])
    content = Generation(
        0, generation.model_id, target.name, kind, count, highest, target.stat().st_size, digest, now(), method
    )
    with writing(db, "segment.register"):
        if kind == VECTORS:
            update_vector_counts(db, model.id)
        register_segment(db, generation, Segment(above, content))


def _write_file(
    db: Catalog, path: Path, model: StoredModel, kind: str, count: int, above: int, highest: int
) -> tuple[Method, str]:
    if kind == KEYWORDS:
        entries = count * average_entries(db)
        digest = write_postings(path, count, highest, entries, read_terms(db, above), read_words(db, above))
        return Method(), digest
    from wherein.storage.index.build import write_exact  # a question has no use for it

    return write_exact(db, path, model, count, above)

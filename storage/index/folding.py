"""When a new generation is due: none exists, the delta has grown, or another method or version of terms applies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sketches import fill_sketches
from wherein.storage.catalog.term_counts import counted_version, recount
from wherein.storage.catalog.terms import terms_version
from wherein.storage.index.generation_writer import Reuse, write_generation
from wherein.storage.index.generations import (
    KEYWORDS,
    KINDS,
    Generation,
    active_generation,
    count_stored,
    drop_old_generations,
    generation_path,
    highest_stored,
)
from wherein.storage.index.method import method_for
from wherein.storage.index.postings_layout import has_words
from wherein.storage.index.segment_writer import write_segment_if_due
from wherein.storage.index.segments import list_segments

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "differs", "finish_indexes", "fold_if_due", "fold_within_run", "is_behind", "lacks_words", "recount_if_due",
    "write_first_generations", "write_segments_if_due",
]  # fmt: skip


# A delta is folded when it exceeds this part of its generation. Within a run only the larger part counts, and what has
# come since the last segment is written to one when it exceeds the smaller: a bulk run then writes each passage five
# times; if it folded each tenth, eleven times.
_SHARE, _SHARE_IN_RUN = 1 / 10, 1 / 4
_AT_LEAST = 5_000


def finish_indexes(db: Database, folder: Path, model: StoredModel) -> None:
    """Write the first generations, fold what is due, and write the rest to segments; call after a run."""
    write_first_generations(db, folder, model)
    fold_if_due(db, folder, model)
    write_segments_if_due(db, folder, model)


def fold_if_due(db: Database, folder: Path, model: StoredModel, at_least: int = _AT_LEAST) -> bool:
    """Fold each delta that exceeds `at_least` and a tenth of its generation into a new one; return whether one did."""
    folded = [_fold(db, folder, model, kind, at_least, _SHARE) for kind in KINDS]
    if any(folded):
        drop_old_generations(db, folder)
    return any(folded)


def fold_within_run(db: Database, folder: Path, model: StoredModel, at_least: int = _AT_LEAST) -> bool:
    """Fold each delta that exceeds `at_least` and a quarter of its generation; write a smaller one to segments.

    A reader that opens the library meanwhile reads at most a tenth of it from the catalog. Return whether a file was
    written.
    """
    written = [
        _fold(db, folder, model, kind, at_least, _SHARE_IN_RUN)
        or write_segment_if_due(db, folder, model, kind, _limit(active_generation(db, kind), at_least, _SHARE))
        for kind in KINDS
    ]
    if any(written):
        drop_old_generations(db, folder)
    return any(written)


def write_segments_if_due(db: Database, folder: Path, model: StoredModel) -> None:
    """Write what has come since the last segment of each kind to a file, unless that is little; call after a run."""
    if [kind for kind in KINDS if write_segment_if_due(db, folder, model, kind)]:
        drop_old_generations(db, folder)


def _fold(db: Database, folder: Path, model: StoredModel, kind: str, at_least: int, share: float) -> bool:
    """Fold the delta of a kind if it exceeds `at_least` and this share of its generation; return whether it did."""
    generation = active_generation(db, kind)
    highest, limit = generation.highest_id if generation else 0, _limit(generation, at_least, share)
    # Ids only grow, so the difference of the ids is an upper bound: after most commits nothing has to be counted.
    if highest_stored(db, model, kind) - highest <= limit or count_stored(db, model, kind, highest) <= limit:
        return False
    # A bulk run folds often, and tuning each generation would take 30 s or more (docs/decisions/index-kinds.md).
    write_generation(db, folder, model, kind, reuse=Reuse.CODES)
    return True


def _limit(generation: Generation | None, at_least: int, share: float) -> int:
    return max(at_least, int(generation.count * share)) if generation else at_least


def write_first_generations(db: Database, folder: Path, model: StoredModel) -> bool:
    """Write a generation of each kind that has none, unless it would be empty; return whether one was written."""
    due = [kind for kind in KINDS if active_generation(db, kind) is None and highest_stored(db, model, kind)]
    for kind in due:
        write_generation(db, folder, model, kind)
    return bool(due)


def recount_if_due(db: Database) -> bool:
    """Recount all terms if another version of them is stored; return whether that was necessary.

    The library then has no generation of keywords until the next one is written.
    """
    if counted_version(db) == terms_version():
        return False
    with writing(db, "keywords.recount"):
        db.execute("DELETE FROM terms")  # in one transaction: terms of two versions are never compared
        db.execute("DELETE FROM generations WHERE kind = ?", [KEYWORDS])
        recount(db)
        db.execute("DELETE FROM sketches")  # they are made of terms
        fill_sketches(db)
    return True


def is_behind(db: Catalog, model: StoredModel, kind: str) -> bool:
    """Whether a new generation would answer questions differently from the active one, or by another method.

    Vectors that were deleted do not count: their texts may return.
    """
    generation = active_generation(db, kind)
    if generation is None:
        return highest_stored(db, model, kind) > 0
    if highest_stored(db, model, kind) > generation.highest_id:
        return True
    if kind == KEYWORDS:
        return differs(db, model, generation)
    return generation.method.asked != method_for(db, generation.count, model.dimension)


def lacks_words(db: Catalog, folder: Path) -> bool:
    """Whether the active generation of keywords is of the format without words; a new one would have them."""
    generation = active_generation(db, KEYWORDS)
    try:
        path = generation_path(folder, generation.file) if generation else None
        return bool(generation and path and not has_words(path, generation.count, generation.highest_id))
    except (OSError, ValueError):  # verify reports it
        return False


def differs(db: Catalog, model: StoredModel, generation: Generation) -> bool:
    """Whether a generation or its segments hold vectors or chunks that are no longer stored, or lack some that are."""
    files = [(0, generation), *((one.above, one.content) for one in list_segments(db, generation))]
    return any(count_stored(db, model, one.kind, above, one.highest_id) != one.count for above, one in files)

"""Replaces an index by a new one that passes its checks and answers the golden questions no worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Refused
from wherein.ingest.progress.reindex_report import ReindexRecorder, mean_reciprocal
from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.folding import is_behind, lacks_words
from wherein.storage.index.generation_writer import Registration, write_generation
from wherein.storage.index.generations import KEYWORDS, KINDS, Generation
from wherein.storage.repair.deep_check import Proof
from wherein.storage.repair.index_check import IndexCheck, check_index

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Check", "compare", "renew"]

_MAX_SHOWN = 5

Ranks = Mapping[int, int]


@dataclass(frozen=True)
class Check:
    """What a new index must pass. `ranks` asks the golden questions as the library would answer them now.

    It returns by the id of each question the rank of its document, 0 for one that is not found. `questions` are their
    texts by id; `margin` is in points of the mean reciprocal rank in percent.
    """

    proof: Proof | None
    ranks: Callable[[], Ranks]
    questions: Mapping[int, str]
    margin: float


def renew(db: Database, folder: Path, model: StoredModel, check: Check, recorder: ReindexRecorder) -> bool:
    """Write, check and swap in an index of each kind that is behind; return whether there was one.

    Raises Refused, with the old index in force, when the new one does not pass.
    """
    due = [kind for kind in KINDS if is_behind(db, model, kind) or (kind == KEYWORDS and lacks_words(db, folder))]
    if not due:
        return False
    before = check.ranks()
    for kind in due:
        found: list[IndexCheck | None] = []

        def require_passed(generation: Generation, found: list[IndexCheck | None] = found) -> None:
            found.append(check_index(db, folder, model, generation, check.proof))
            compare(before, check.ranks(), check)

        write_generation(db, folder, model, kind, registration=Registration(check=require_passed))
        recorder.index_check = found[0] or recorder.index_check
    return True


def compare(before: Ranks, after: Ranks, check: Check) -> None:
    """Raise Refused when the golden questions are answered worse by more than the margin."""
    if not before:
        return
    fall = mean_reciprocal(before.values()) - mean_reciprocal(after.values())
    if fall <= check.margin:
        return
    worse = [number for number, rank in before.items() if rank and not 0 < after[number] <= rank]
    examples = "; ".join(
        f"{check.questions[number]} rank {before[number]}, then {after[number] or 'none'}"
        for number in worse[:_MAX_SHOWN]
    )
    raise Refused(
        f"The golden questions would be answered worse: their mean reciprocal rank falls by {fall:.1f} points, more"
        f" than --margin {check.margin:g} ({examples}); nothing was swapped"
    )

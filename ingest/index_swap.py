"""A new index in place of the old one, if it is fit for that and answers the golden questions no worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Refused
from wherein.ingest.progress.reindex_report import ReindexRecorder, mean_reciprocal
from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.folding import is_behind
from wherein.storage.index.generation_writer import Registration, write_generation
from wherein.storage.index.generations import KINDS, Generation
from wherein.storage.repair.deep import Proof
from wherein.storage.repair.fitness import Fitness, check_fitness

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Check", "compare", "renew"]

_SHOWN = 5

Ranks = Mapping[int, int]


@dataclass(frozen=True)
class Check:
    """What a new index must pass. `ranks` asks the golden questions as the library would answer them now.

    It returns the rank of each one's document by its id, 0 for one that is not found. `told` are their questions.
    """

    proof: Proof | None
    ranks: Callable[[], Ranks]
    told: Mapping[int, str]
    margin: float


def renew(db: Database, folder: Path, model: StoredModel, check: Check, night: ReindexRecorder) -> bool:
    """Write, check and swap in an index of each kind that is behind; return whether there was one.

    Raises Refused, with the old index in force, when the new one does not pass.
    """
    due = [kind for kind in KINDS if is_behind(db, model, kind)]
    if not due:
        return False
    before = check.ranks()
    for kind in due:
        found: list[Fitness | None] = []

        def passed(generation: Generation, found: list[Fitness | None] = found) -> None:
            found.append(check_fitness(db, folder, model, generation, check.proof))
            compare(before, check.ranks(), check)

        write_generation(db, folder, model, kind, registration=Registration(check=passed))
        night.fitness = found[0] or night.fitness
    return True


def compare(before: Ranks, after: Ranks, check: Check) -> None:
    """Raise Refused when the golden questions are answered worse by more than the margin."""
    if not before:
        return
    fall = mean_reciprocal(before.values()) - mean_reciprocal(after.values())
    if fall <= check.margin:
        return
    worse = [number for number, rank in before.items() if rank and not 0 < after[number] <= rank]
    said = "; ".join(
        f"{check.told[number]} rank {before[number]}, then {after[number] or 'none'}" for number in worse[:_SHOWN]
    )
    raise Refused(
        f"The golden questions would be answered worse: their mean reciprocal rank falls by {fall:.1f} points, more"
        f" than --margin {check.margin:g} ({said}); nothing was swapped"
    )

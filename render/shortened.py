"""Which hits of an answer are worth showing at first: not those far below the best, nor the same sentence twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wherein.search.hits import Hit

__all__ = ["WEAK_CHANCE", "WEAK_SHARE", "Shortened", "shortened"]

WEAK_SHARE = 1 / 3
"""A weaker hit has less than this share of the best hit's chance, or of its score where there are no chances …"""
WEAK_CHANCE = 0.3
"""… and a chance below this one."""


@dataclass(frozen=True)
class Shortened:
    """The ranks of the hits to show; how many others are far weaker, and how many repeat a sentence shown above."""

    ranks: frozenset[int]
    weaker: int
    repeated: int

    @property
    def others(self) -> str:
        """What is not shown, in words; "" if that is nothing."""
        parts = []
        if self.weaker:
            parts.append(f"{self.weaker:,} weaker passage{'s' if self.weaker > 1 else ''}")
        if self.repeated:
            noun = "" if parts else f" passage{'s' if self.repeated > 1 else ''}"
            parts.append(f"{self.repeated:,}{noun} with a sentence shown above")
        return " and ".join(parts)


def shortened(hits: Sequence["Hit"], keep: int = 0) -> Shortened:
    """Return which hits of an answer to show: the first, the one of rank `keep`, and all that say enough.

    A hit far below the best is left out. By chances that is less than a third of the best one's, and below 30 %;
    without them, less than a third of the best one's score. Distances are not judged, because they have no scale. A hit
    is also left out when it is of the same document, and marks the same sentence, as one above it: passages overlap.
    """
    values = [_strength(hit) for hit in hits]
    lowest = WEAK_SHARE * max((value for value in values if value is not None), default=0.0)
    ranks, sentences, weaker, repeated = set[int](), set[tuple[int, int, int]](), 0, 0
    for at, (hit, value) in enumerate(zip(hits, values, strict=True)):
        sentence = hit.sentence and (hit.document, hit.sentence.start, hit.sentence.end)
        is_kept = at == 0 or hit.rank == keep
        is_weak = lowest > 0 and value is not None and value < lowest and (hit.chance or 0.0) < WEAK_CHANCE
        if is_weak and not is_kept:
            weaker += 1
        elif sentence in sentences and not is_kept:
            repeated += 1
        else:
            ranks.add(hit.rank)
            sentences |= {sentence} if sentence else set()
    return Shortened(frozenset(ranks), weaker, repeated)


def _strength(hit: "Hit") -> float | None:
    """Return what a hit is compared by: its chance, else its score; None for a distance."""
    if hit.chance is not None:
        return hit.chance
    return hit.score if hit.distance is None else None

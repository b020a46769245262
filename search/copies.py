"""Near-copies among ranked passages, recognized by their sketches: in a ranking the first few stand for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from wherein.search.known_places import KnownPlaces
from wherein.search.known_sketches import Chunks, KnownSketches, Sketched
from wherein.search.limits import MAX_LISTED
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sketches import are_near

__all__ = ["MAX_BY_MEANING", "MAX_COPIES", "MAX_OF_VECTOR", "Likely", "NearCopies"]

Likely = npt.NDArray[np.bool_] | np.bool_
"""Which of some passages may say the same as one of them `[n]`, or that all may."""

MAX_COPIES = 3
"""Near-copies of one passage that a ranking proposes: more than one, because a sketch is not certain."""
MAX_OF_VECTOR = MAX_COPIES + MAX_LISTED
"""Passages with one text, and so with one vector, that are looked at."""
MAX_BY_MEANING = 500
"""Passages that are ranked by meaning for one question, to find enough that differ."""
# Twice what differs at most between near-copies, beyond which the texts need not be compared.
_MAX_DIFFERENT = 18
_BLOCK = 64
_MAX_MATRIX = 256


class NearCopies:
    """Which passages of a library are near-copies of which, for one thread at a time.

    Keeps sketches that it has read, the passages that were left out for the present question, and `places` that hits
    have listed. `cut` says whether a ranking had too few different passages among as many as may be read.
    """

    def __init__(self, db: Catalog) -> None:
        self._known = KnownSketches(db)
        self.places: KnownPlaces = KnownPlaces()
        self._left_out: list[list[int]] = []
        self.cut: bool = False

    def begin(self) -> None:
        """Forget what was left out for the last question."""
        self._left_out.clear()
        self.cut = False

    @property
    def has_left_out(self) -> bool:
        """Whether passages were left out for the present question."""
        return bool(self._left_out)

    def first(self, chunks: Sequence[int] | Chunks, enough: int) -> list[int]:
        """Return the first `enough` passages of a ranking, of near-copies only the first MAX_COPIES.

        Each passage is compared with the first few of each group of near-copies. Call inside a snapshot.
        """
        ranked = self._known.of(chunks)
        # Positions in the ranking, and a hash of the numbers of each passage: near-copies have the same.
        left, numbers = np.arange(len(ranked)), ranked.sketches["numbers"].copy()
        is_kept, are_paired = np.zeros(len(ranked), np.bool_), False
        while len(left) and np.count_nonzero(is_kept[: left[0]]) < enough:
            if len(left) <= _MAX_MATRIX and not are_paired:
                single, are_paired = ~_has_pair(ranked, left), True
                is_kept[left[single]] = True
                left, numbers = left[~single], numbers[~single]
                continue
            alike = np.flatnonzero(numbers == numbers[0])
            near = alike[_near(ranked, left[alike])]
            group = left[near]
            is_kept[group[:MAX_COPIES]] = True
            if len(group) > MAX_COPIES:
                self._left_out.append(ranked.chunks[group[MAX_COPIES : MAX_COPIES + MAX_LISTED]].tolist())
            is_left = np.ones(len(left), np.bool_)  # np.delete takes three times as long
            is_left[near] = False
            left, numbers = left[is_left], numbers[is_left]
        return list(map(int, ranked.chunks[is_kept][:enough]))

    def likely(self, chunks: Sequence[int]) -> Iterator[Likely]:
        """Yield for each passage which ones `[len(chunks)]` may say nearly the same: all that cannot be ruled out.

        Call inside a snapshot.
        """
        found = self._known.of(chunks)
        sketches, is_known = found.sketches, found.is_known
        for first in range(0, len(chunks), _BLOCK):
            block = slice(first, first + _BLOCK)
            near = are_near(sketches[block, None], sketches[None, :], _MAX_DIFFERENT)
            yield from near | ~is_known[block, None] | ~is_known[None, :]

    def left_out(self, hits: Sequence[int]) -> list[list[int]]:
        """Return for each passage of an answer its near-copies that were left out of the rankings; each is in one list.

        Call inside a snapshot.
        """
        shown = {*hits}
        others = [chunk for chunk in dict.fromkeys(chain.from_iterable(self._left_out)) if chunk not in shown]
        found: list[list[int]] = [[] for _ in hits]
        if not hits or not others:
            return found
        own, left = self._known.of(hits), self._known.of(others)
        near = are_near(own.sketches[:, None], left.sketches[None, :])
        near &= own.is_known[:, None] & left.is_known[None, :]
        first = near.argmax(axis=0)
        for at in np.flatnonzero(near.any(axis=0)).tolist():
            found[first[at]].append(others[at])
        return [copies[:MAX_LISTED] for copies in found]


def _near(ranked: Sketched, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which of some passages are near-copies of the first of them, or of one of the next few that are."""
    sketches, is_known = ranked.sketches.take(positions), ranked.is_known[positions]
    near = are_near(sketches[0], sketches) & is_known & is_known[0]
    near[0] = True
    # Also of the others that are kept, because a sketch is not certain.
    kept, others = np.flatnonzero(near)[1:MAX_COPIES], np.flatnonzero(~near)
    if len(kept) and len(others):
        alike = are_near(sketches[kept, None], sketches.take(others))
        near[others] = alike.any(axis=0) & is_known[others]
    return np.asarray(near)


def _has_pair(ranked: Sketched, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which of some passages are near-copies of any other of them."""
    sketches, is_known = ranked.sketches.take(positions), ranked.is_known[positions]
    near = are_near(sketches[:, None], sketches[None, :]) & is_known
    return np.asarray((np.count_nonzero(near, axis=1) > 1) & is_known)

"""Near-copies among ranked passages, recognized by their sketches: in a ranking the first few stand for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from wherein.search.limits import MAX_LISTED
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sketches import SKETCH, Sketches, are_near, read_sketches

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
_MAX_KEPT = 200_000


class NearCopies:
    """Which passages of a library are near-copies of which, for one thread at a time.

    Keeps the sketches that it has read, because a passage's never changes, and the passages that were left out for the
    present question. `cut` says whether a ranking had too few different passages among as many as may be read.
    """

    def __init__(self, db: Catalog) -> None:
        self._db = db
        self._known: dict[int, bytes] = {}
        self._left_out: list[list[int]] = []
        self.cut = False

    def begin(self) -> None:
        """Forget what was left out for the last question."""
        self._left_out.clear()
        self.cut = False

    @property
    def has_left_out(self) -> bool:
        """Whether passages were left out for the present question."""
        return bool(self._left_out)

    def first(self, chunks: Sequence[int], enough: int) -> list[int]:
        """Return the first `enough` passages of a ranking, of near-copies only the first MAX_COPIES.

        Each passage is compared with the first few of each group of near-copies. Call inside a snapshot.
        """
        sketches, is_known = self._sketches(chunks)
        if len(chunks) <= _MAX_MATRIX and not _has_pairs(sketches, is_known):
            return list(chunks[:enough])
        left, kept = np.arange(len(chunks)), list[int]()
        while len(left):
            near = self._near(sketches[left], is_known[left])
            group, left = left[near].tolist(), left[~near]
            kept += group[:MAX_COPIES]
            if len(group) > MAX_COPIES:
                self._left_out.append([chunks[at] for at in group[MAX_COPIES : MAX_COPIES + MAX_LISTED]])
            if len(kept) >= enough and len(left) and np.count_nonzero(np.array(kept) < left[0]) >= enough:
                break
        return [chunks[at] for at in sorted(kept)[:enough]]

    @staticmethod
    def _near(sketches: Sketches, is_known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which passages are near-copies of the first, or of one of the first few that are."""
        near = are_near(sketches, sketches[0]) & is_known & is_known[0]
        near[0] = True
        # Also of the others that are kept, because a sketch is not certain.
        for at in np.flatnonzero(near)[1:MAX_COPIES].tolist():
            near |= are_near(sketches, sketches[at]) & is_known
        return np.asarray(near)

    def likely(self, chunks: Sequence[int]) -> Iterator[Likely]:
        """Yield for each passage which ones `[len(chunks)]` may say nearly the same: all that cannot be ruled out.

        Call inside a snapshot.
        """
        sketches, is_known = self._sketches(chunks)
        for first in range(0, len(chunks), _BLOCK):
            block = slice(first, first + _BLOCK)
            near = are_near(sketches[block, None], sketches[None, :], _MAX_DIFFERENT)
            yield from near | ~is_known[block, None] | ~is_known[None, :]

    def left_out(self, hits: Sequence[int]) -> list[list[int]]:
        """Return for each passage of an answer its near-copies that were left out of the rankings; each is in one list.

        Call inside a snapshot.
        """
        others = [chunk for chunk in dict.fromkeys(chain.from_iterable(self._left_out)) if chunk not in set(hits)]
        found: list[list[int]] = [[] for _ in hits]
        if not hits or not others:
            return found
        (own, own_known), (left, left_known) = self._sketches(hits), self._sketches(others)
        near = are_near(own[:, None], left[None, :]) & own_known[:, None] & left_known[None, :]
        for at, chunk in enumerate(others):
            if near[:, at].any():
                found[int(near[:, at].argmax())].append(chunk)
        return [copies[:MAX_LISTED] for copies in found]

    def _sketches(self, chunks: Sequence[int]) -> tuple[Sketches, npt.NDArray[np.bool_]]:
        """Return the sketches `[len(chunks)]`, and which of them are known: one that is lost or damaged is not."""
        if len(self._known) > _MAX_KEPT:
            self._known.clear()
        self._known.update(read_sketches(self._db, [chunk for chunk in chunks if chunk not in self._known]))
        raw = [self._known.get(chunk, b"") for chunk in chunks]
        is_known = np.fromiter(map(bool, raw), np.bool_, len(raw))
        blank = bytes(SKETCH.itemsize)
        return np.frombuffer(b"".join(one or blank for one in raw), SKETCH), is_known


def _has_pairs(sketches: Sketches, is_known: npt.NDArray[np.bool_]) -> bool:
    """Whether any two sketches are of near-copies."""
    known = sketches[is_known]
    return int(np.count_nonzero(are_near(known[:, None], known[None, :]))) > len(known)

"""The sketches that an open library has read, as arrays: those of thousands of passages are looked up at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sketches import SKETCH, Sketches, read_sketches

__all__ = ["Chunks", "KnownSketches", "Sketched"]

Chunks = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MAX_KEPT = 200_000
_MAX_NEW = 4_096
# 24 bytes instead of 20: NumPy copies numbers that are not aligned before it computes with them.
_ALIGNED = np.dtype(SKETCH.descr, align=True)


@dataclass(frozen=True)
class Sketched:
    """Passages `[n]` with their sketches `[n]`; `is_known` is False where one is lost or damaged."""

    chunks: Chunks
    sketches: Sketches
    is_known: Mask

    def __len__(self) -> int:
        return len(self.chunks)


@dataclass(frozen=True)
class _Run:
    """The sketches `[n]` of some passages `[n]`, which ascend."""

    chunks: Chunks
    sketches: Sketches

    def find(self, wanted: Chunks) -> tuple[Sketches, Mask]:
        """Return the sketches of passages `[n]`, and which are held; the others are 0."""
        if not len(self.chunks):
            return np.zeros(len(wanted), _ALIGNED), np.zeros(len(wanted), np.bool_)
        at = np.minimum(np.searchsorted(self.chunks, wanted), len(self.chunks) - 1)
        is_held = self.chunks[at] == wanted
        sketches = self.sketches.take(at)
        sketches[~is_held] = 0
        return sketches, is_held

    def joined(self, other: _Run) -> _Run:
        """Return the sketches of both, which have no passage in common."""
        chunks = np.concatenate([self.chunks, other.chunks])
        order = np.argsort(chunks, kind="stable")
        return _Run(chunks[order], np.concatenate([self.sketches, other.sketches])[order])


_NONE = _Run(np.empty(0, np.int64), np.empty(0, _ALIGNED))


class KnownSketches:
    """Reads sketches, and keeps about 200,000 of them, because a passage's never changes; for one thread at a time."""

    def __init__(self, db: Catalog) -> None:
        self._db = db
        # The new ones apart: a question that finds a few does not move all.
        self._old = self._new = _NONE

    def of(self, chunks: Sequence[int] | Chunks) -> Sketched:
        """Return the sketches of passages. Call inside a snapshot."""
        wanted = np.asarray(chunks, np.int64)
        sketches, is_known = self._old.find(wanted)
        for find in (self._new.find, self._read):
            missing = np.flatnonzero(~is_known)
            if len(missing):
                sketches[missing], is_known[missing] = find(wanted[missing])
        return Sketched(wanted, sketches, is_known)

    def _read(self, chunks: Chunks) -> tuple[Sketches, Mask]:
        rows = sorted(read_sketches(self._db, chunks.tolist()).items())
        numbers = np.fromiter((chunk for chunk, _ in rows), np.int64, len(rows))
        read = _Run(numbers, np.frombuffer(b"".join(sketch for _, sketch in rows), SKETCH).astype(_ALIGNED))
        self._keep(read)
        return read.find(chunks)

    def _keep(self, read: _Run) -> None:
        self._new = self._new.joined(read)
        if len(self._new.chunks) > _MAX_NEW:
            is_full = len(self._old.chunks) > _MAX_KEPT
            self._old, self._new = self._new if is_full else self._old.joined(self._new), _NONE

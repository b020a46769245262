"""Which of very many keys were seen, in eight bytes each: a file may have a million records."""

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from wherein.storage.disk.batched import batched

__all__ = ["SeenKeys"]

_BATCH_SIZE = 4_096


class SeenKeys:
    """Keeps a 64-bit hash of each key: among a million keys a collision has a chance of 1 in 37 million."""

    def __init__(self) -> None:
        self._hashes = array("Q")

    def add(self, key: str) -> None:
        """Note that a key was seen."""
        self._hashes.append(_hash(key))

    def missing(self, keys: Iterable[tuple[str, int]]) -> list[int]:
        """Return the ids of those keys that were not seen; `keys` are pairs of key and id."""
        seen = np.sort(np.array(self._hashes, dtype=np.uint64))
        return [number for batch in batched(keys, _BATCH_SIZE) for number in _missing(batch, seen)]


def _missing(batch: list[tuple[str, int]], seen: npt.NDArray[np.uint64]) -> Iterator[int]:
    hashes = np.array([_hash(key) for key, _ in batch], dtype=np.uint64)
    offsets = np.searchsorted(seen, hashes)
    for (_, number), offset, value in zip(batch, offsets.tolist(), hashes, strict=True):
        if offset == len(seen) or seen[offset] != value:
            yield number


def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")

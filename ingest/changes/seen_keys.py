"""Which of very many names were met, in eight bytes each: a file may have a million records."""

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice

import numpy as np
import numpy.typing as npt

__all__ = ["SeenKeys"]

_AT_ONCE = 4_096


class SeenKeys:
    """Keeps 64 bits of a hash of each: that another name has the same is not to be expected in any library."""

    def __init__(self) -> None:
        self._hashes = array("Q")

    def add(self, name: str) -> None:
        """Note that a name was met."""
        self._hashes.append(_hash(name))

    def missing(self, named: Iterable[tuple[str, int]]) -> list[int]:
        """Return the numbers of those names that were not met."""
        met = np.sort(np.array(self._hashes, dtype=np.uint64))
        return [number for part in _parts(named) for number in _missing(part, met)]


def _missing(part: list[tuple[str, int]], met: npt.NDArray[np.uint64]) -> Iterator[int]:
    hashes = np.array([_hash(name) for name, _ in part], dtype=np.uint64)
    places = np.searchsorted(met, hashes)
    for (_, number), place, value in zip(part, places.tolist(), hashes, strict=True):
        if place == len(met) or met[place] != value:
            yield number


def _parts(named: Iterable[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    rest = iter(named)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")

"""The order of a passage's terms in few bytes: the column `term_order` of the table `terms`.

A candidate is compared with the question by where its words are. Its text would have to be read, split and stemmed for
this; the order takes a tenth of the time (docs/decisions/keywords.md). It has the terms of the title, of the headings
and of the passage, one after another, at most MAX_TERMS, each as its index among the terms of `counts`: in one byte
where these are at most 256, otherwise in two or four, little-endian. Before them is their CRC-32, seeded with the
checksum of `counts`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_TERMS", "Indices", "pack_orders", "sealed", "unsealed"]

Integers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.unsignedinteger]

MAX_TERMS = 4_096
"""Terms of a passage that are compared with a question; only an odd text has more."""

_CHECKSUM = struct.Struct("<I")


def pack_orders(indices: Integers, lengths: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
    """Return the order of each row: `indices` of all rows one after another, `lengths` [n] their numbers in each row.

    `sizes` [n] are the numbers of different terms.
    """
    types = list(map(_type_for, sizes))
    packed = {one: indices.astype(one).tobytes() for one in set(types)}
    ends = [0, *np.cumsum(lengths, dtype=np.int64).tolist()]
    return [
        packed[one][one.itemsize * first : one.itemsize * min(last, first + MAX_TERMS)]
        for one, (first, last) in zip(types, pairwise(ends), strict=True)
    ]


def _type_for(size: int) -> np.dtype[np.unsignedinteger]:
    return np.dtype("<u1" if size <= 1 << 8 else "<u2" if size <= 1 << 16 else "<u4")


def sealed(order: bytes, checksum: int) -> bytes:
    """Return the column for an order, beside counts with this checksum."""
    return _CHECKSUM.pack(zlib.crc32(order, checksum)) + order


def unsealed(column: object, checksum: int, size: int) -> Indices:
    """Return the indices unsigned `[t]` of a passage's terms among the `size` different ones of its counts.

    Raises ValueError when the column is not what was stored beside counts with this checksum.
    """
    start, one = _CHECKSUM.size, _type_for(size)
    if not isinstance(column, bytes) or (len(column) - start) % one.itemsize:
        raise ValueError("an order has another size than its counts give")
    if sealed(column[start:], checksum) != column:
        raise ValueError("an order does not fit its checksum")
    indices = np.frombuffer(column, one, offset=start)
    # The CRC of no bytes is its seed: the four bytes alone would fit counts with any checksum.
    if size and not len(indices):
        raise ValueError("an order has no terms, but its counts have")
    if len(indices) and indices.max() >= size:
        raise ValueError("an order has a term that its counts do not have")
    return indices

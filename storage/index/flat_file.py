"""An exact FAISS index written to disk batch by batch, in memory that does not grow with it.

`faiss.write_index` needs the whole index in memory, 1.5 KB a vector. This file is byte for byte the one that it writes
for an `IndexIDMap` over an `IndexFlatIP` (tests/storage/index/test_flat_file.py compares them); the layout is that of
faiss/impl/index_write.cpp.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.disk.failpoints import failpoint

__all__ = ["check_flat", "write_flat"]

_INNER_PRODUCT = 0
_FIELDS = "<iqqq?i"
_COUNT = "<Q"
_ID = "<q"
_PREFIX = 2 * (4 + struct.calcsize(_FIELDS)) + 8


def write_flat(path: Path, count: int, dimension: int, parts: Iterable[tuple[Ids, Matrix]]) -> str:
    """Write `count` vectors, given as ids `[n]` and float32 `[n, dimension]`, unflushed; return the SHA-256.

    Raises ValueError when `parts` do not hold `count` vectors.
    """
    digest = hashlib.sha256()
    ids = []
    with path.open("wb") as file:

        def write(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        write(_prefix(count, dimension))
        for part_ids, vectors in parts:
            ids.append(part_ids)
            write(np.ascontiguousarray(vectors, "<f4").tobytes())
        all_ids = np.concatenate(ids) if ids else np.empty(0, np.int64)
        if len(all_ids) != count:
            raise ValueError(f"{len(all_ids)} vectors instead of {count}")
        write(struct.pack(_COUNT, count) + all_ids.astype("<i8").tobytes())
    failpoint("generation.written")
    return digest.hexdigest()


def check_flat(path: Path, count: int, highest: int) -> int:
    """Return the dimension of the index in a file, after a check of everything in it but vectors and ids.

    FAISS trusts these numbers: it allocates what they ask for. `count` vectors are expected, the last of which has the
    id `highest`. Raises ValueError when the layout is not that of `write_flat`, OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        prefix = file.read(_PREFIX)
        (dimension,) = struct.unpack_from("<i", prefix.ljust(8), 4)  # a shorter file fails the comparison below
        if not 0 < dimension < 1 << 20 or prefix != _prefix(count, dimension):
            raise ValueError(f"its header is not that of {count:,} vectors")
        size = os.fstat(file.fileno()).st_size
        expected = _PREFIX + 4 * count * dimension + 8 + 8 * count
        if size != expected:
            raise ValueError(f"it has {size:,} bytes instead of {expected:,}")
        file.seek(-8 * (count + 1), os.SEEK_END)
        if file.read(8) != struct.pack(_COUNT, count):
            raise ValueError(f"it does not have {count:,} ids")
        if count:
            file.seek(-8, os.SEEK_END)
            (last,) = struct.unpack(_ID, file.read(8))
            if last != highest:
                raise ValueError(f"its last id is {last} instead of {highest}")
    return int(dimension)


def _prefix(count: int, dimension: int) -> bytes:
    # FAISS writes 1 << 20 twice, as placeholders.
    header = struct.pack(_FIELDS, dimension, count, 1 << 20, 1 << 20, True, _INNER_PRODUCT)
    # The four letters are FAISS's names of IndexIDMap and IndexFlatIP.
    return b"IxMp" + header + b"IxFI" + header + struct.pack(_COUNT, count * dimension)

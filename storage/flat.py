"""An exact FAISS index written to disk piece by piece, so that its size does not matter to memory.

`faiss.write_index` wants the whole index in memory, 1.5 KB a vector. The file is the one that it writes for an
`IndexIDMap` over an `IndexFlatIP`, byte for byte (tests/storage/test_flat.py holds it to that); the layout is that of
faiss/impl/index_write.cpp.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from storage.failpoints import reached
from storage.vectors import Ids, Matrix

__all__ = ["write_flat"]

_INNER_PRODUCT = 0


def write_flat(path: Path, count: int, dimension: int, parts: Iterable[tuple[Ids, Matrix]]) -> str:
    """Write `count` vectors, given as ids `[n]` and float32 `[n, dimension]`, unflushed; return the SHA-256.

    Raises ValueError when `parts` hold another number of vectors.
    """
    header = struct.pack("<iqqq?i", dimension, count, 1 << 20, 1 << 20, True, _INNER_PRODUCT)
    digest = hashlib.sha256()
    ids = []
    with path.open("wb") as file:

        def write(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        write(b"IxMp" + header + b"IxFI" + header + struct.pack("<Q", count * dimension))
        for part_ids, vectors in parts:
            ids.append(part_ids)
            write(np.ascontiguousarray(vectors, "<f4").tobytes())
        all_ids = np.concatenate(ids) if ids else np.empty(0, np.int64)
        if len(all_ids) != count:
            raise ValueError(f"{len(all_ids)} vectors instead of {count}")
        write(struct.pack("<Q", count) + all_ids.astype("<i8").tobytes())
    reached("generation.written")
    return digest.hexdigest()

"""Vectors of a collection, cached from one evaluation to the next in a folder that may be lost or damaged."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from wherein.embed.encoder import Matrix

__all__ = ["read_vectors", "store_vectors"]

_DIGEST_LENGTH = 32
_MAX_BYTES = 2_000_000_000


def read_vectors(path: Path, count: int) -> Matrix | None:
    """Return the float32 vectors `[count, dimension]` in a file, None when it is missing or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body = data[_DIGEST_LENGTH:]
    if not body or hashlib.sha256(body).digest() != data[:_DIGEST_LENGTH]:
        return None
    # astype copies: an array over bytes cannot be written to.
    return np.frombuffer(body, "<f4").reshape(count, -1).astype(np.float32)


def store_vectors(path: Path, vectors: Matrix) -> None:
    """Write vectors to a file, and remove the folder's oldest files while it is over 2 GB. Errors are ignored."""
    body = vectors.astype("<f4").tobytes()
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.write_bytes(hashlib.sha256(body).digest() + body)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        return
    _drop_oldest(path.parent)


def _drop_oldest(folder: Path) -> None:
    with suppress(OSError):  # another process may drop them too
        # With the last `*`, files that a killed run left unfinished are dropped, too.
        found = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in folder.glob("*.vectors*"))
        left = sum(size for _, size, _ in found)
        for _, size, path in found:
            if left <= _MAX_BYTES:
                return
            path.unlink()
            left -= size

"""Reading a file of FAISS, whatever its path is."""

from pathlib import Path
from typing import Any

__all__ = ["read_index"]


def read_index(path: Path, flags: int = 0) -> Any:
    """Return the FAISS index in a file; `flags` are those of `faiss.read_index`."""
    import faiss  # imported here so that a question loads its model meanwhile

    try:
        str(path).encode()
    except UnicodeEncodeError:  # FAISS takes no bytes for a path, so a file whose path is not UTF-8 gets another one
        with path.open("rb") as file:
            return faiss.read_index(f"/proc/self/fd/{file.fileno()}", flags)
    return faiss.read_index(str(path), flags)

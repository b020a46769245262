"""To the disk: what was written to a file, or renamed in a folder, survives a loss of power only after this."""

import os
from pathlib import Path

__all__ = ["flush"]


def flush(path: Path) -> None:
    """Return when a file's content, or a folder's entries, are on the disk (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

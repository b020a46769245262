"""A folder that is kept in memory, where a flush costs nothing, however busy the disk is."""

import os
import shutil
from pathlib import Path

__all__ = ["memory_folder"]

_ROOM = 4 << 30
"""Bytes: the tests of what is released install two environments at once, with all that the program needs."""


def memory_folder() -> Path | None:
    """Return the folder, None on a system that has none with enough room, or none from which programs may be run."""
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return None
    return folder if shutil.disk_usage(folder).free >= _ROOM else None

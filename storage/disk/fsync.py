"""fsync(2): what was written to a file, or renamed in a folder, survives a power failure only after it."""

import errno
import os
from pathlib import Path

__all__ = ["fsync", "fsync_tree"]

_IS_WINDOWS = os.name == "nt"
# To read is enough for fsync(2), and a folder cannot be opened for writing; Windows flushes what may be written.
_FLAGS = os.O_RDWR if _IS_WINDOWS else os.O_RDONLY


def fsync(path: Path) -> None:
    """Flush a file's content, or a folder's entries, to the disk."""
    if _IS_WINDOWS and path.is_dir():  # it cannot be opened; NTFS logs what changes in it
        return
    descriptor = os.open(path, _FLAGS)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems refuse to flush a folder, whose entries are up to the server.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Flush a folder and everything in it, bottom up: no entry reaches the disk before the file that it names."""
    for path, _, files in os.walk(folder, topdown=False):
        for name in files:
            fsync(Path(path) / name)
        fsync(Path(path))

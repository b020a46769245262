"""To the disk: what was written to a file, or renamed in a folder, survives a loss of power only after this."""

import errno
import os
from pathlib import Path

__all__ = ["fsync", "fsync_tree"]


def fsync(path: Path) -> None:
    """Return when a file's content, or a folder's entries, are on the disk (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot flush a folder and say so; its entries are the server's business.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Flush everything below a folder, and then the folder: files first, so that no entry names what is not there."""
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            fsync(Path(place) / name)
        fsync(Path(place))

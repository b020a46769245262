"""Giving a folder its name: rename(2), which replaces an empty folder, on Windows too."""

import os
from pathlib import Path

from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync, fsync_tree

__all__ = ["publish_folder", "rename_folder"]

_IS_WINDOWS = os.name == "nt"


def rename_folder(folder: Path, target: Path) -> None:
    """Rename a folder to `target`, where nothing is, or an empty folder. Raises OSError where it is not."""
    if _IS_WINDOWS and target.is_dir():  # which refuses to replace it, and to remove one that is not empty
        target.rmdir()
    folder.rename(target)


def publish_folder(folder: Path, target: Path, point: str) -> None:
    """Give a written folder its name, all of it on the disk when this returns; `point` begins the failpoints' names.

    At `target` there is nothing, or an empty folder.
    """
    fsync_tree(folder)  # before the rename: a name on the disk must not lead to files that are not
    failpoint(f"{point}.flushed")
    rename_folder(folder, target)
    failpoint(f"{point}.renamed")
    fsync(target.parent)

"""rename(2) of a folder, which replaces an empty one, on Windows too."""

import os
from pathlib import Path

__all__ = ["rename_folder"]

_IS_WINDOWS = os.name == "nt"


def rename_folder(folder: Path, target: Path) -> None:
    """Rename a folder to `target`, where nothing is, or an empty folder. Raises OSError where it is not."""
    if _IS_WINDOWS and target.is_dir():  # which refuses to replace it, and to remove one that is not empty
        target.rmdir()
    folder.rename(target)

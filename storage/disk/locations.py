"""Where a user's library is, unless another folder is named."""

import os
from pathlib import Path

__all__ = ["LIBRARY_VARIABLE", "default_library"]

LIBRARY_VARIABLE = "WHEREIN_LIBRARY"


def default_library() -> Path:
    """Return the folder of the default library: `$WHEREIN_LIBRARY`, else `wherein/library` in the user's data folder.

    The data folder is `~/.local/share` on Linux, or `$XDG_DATA_HOME`.
    """
    if folder := os.environ.get(LIBRARY_VARIABLE):
        return Path(folder)
    import platformdirs

    return Path(platformdirs.user_data_dir("wherein", appauthor=False)) / "library"

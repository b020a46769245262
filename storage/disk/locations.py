"""Where a user's library is, unless another folder is named."""

import os
from pathlib import Path

from wherein.errors import UsageError

__all__ = ["LIBRARY_VARIABLE", "default_library", "is_milvus"]

LIBRARY_VARIABLE = "WHEREIN_LIBRARY"
_MILVUS = "milvus:"


def is_milvus(place: str | os.PathLike[str]) -> bool:
    """Whether this is the address of a library in Milvus, and not a folder."""
    return os.fsdecode(place).startswith(_MILVUS)


def default_library() -> Path:
    """Return the folder of the default library: `$WHEREIN_LIBRARY`, else `wherein/library` in the user's data folder.

    The data folder is `~/.local/share` on Linux, or `$XDG_DATA_HOME`. Raises UsageError for a user without a home.
    """
    if folder := os.environ.get(LIBRARY_VARIABLE):
        return Path(folder)
    import platformdirs

    data = Path(platformdirs.user_data_dir("wherein", appauthor=False))
    if not data.is_absolute():  # `~` stays as it is for a user without a home
        raise UsageError("There is no home folder for the default library; name one with --library")
    return data / "library"

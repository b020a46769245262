"""Keeps pandas out of the program: sqlite-utils imports it wherever it is installed, for one of its types.

That takes 0.2 s and 70 MB of each run that writes to a library. Where a Python program imports `wherein`, sqlite-utils
is left alone: the program may use both.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

__all__ = ["keep_pandas_out"]

_IMPORTER, _DEFINED_LATER = "sqlite_utils.db", "Database"


class _PandasFilter(MetaPathFinder):
    """Finds no pandas while sqlite-utils is imported; other modules may import it."""

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        importer = sys.modules.get(_IMPORTER)
        if fullname == "pandas" and importer is not None and not hasattr(importer, _DEFINED_LATER):
            raise ModuleNotFoundError(f"{_IMPORTER} does not need pandas here", name=fullname)
        return None  # the next finder looks for it


def keep_pandas_out() -> None:
    """Let sqlite-utils be imported without pandas from now on."""
    if not any(isinstance(finder, _PandasFilter) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PandasFilter())

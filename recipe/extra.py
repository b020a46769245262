"""Import the packages of the extra `recipe` late, so that the error for a missing one says how to install it."""

import importlib
from types import ModuleType

from wherein.errors import WhereinError

INSTALL = "pip install 'wherein[recipe]'"


def require(module: str) -> ModuleType:
    """Return the imported `module`. Raises WhereinError, which says how to install it, when it is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise WhereinError(f"The recipe needs {error.name}; install the extra: {INSTALL}") from error

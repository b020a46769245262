"""The packages of the `[recipe]` extra, imported late so that a missing one is explained."""

import importlib
from types import ModuleType

from wherein.errors import WhereinError

INSTALL = "pip install 'wherein[recipe]'"


def require(module: str) -> ModuleType:
    """Import `module`, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise WhereinError(f"The recipe needs {error.name}; install the extra: {INSTALL}") from error

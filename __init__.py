"""Local-first semantic search: bulk ingestion, a query command and a nightly reindex.

>>> from wherein import Library
>>> library = Library(Path("~/notes.wherein").expanduser())
>>> library.ingest(["~/notes"])
>>> library.query("who may sign the lease?").hits
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wherein.errors import WhereinError as WhereinError
    from wherein.library import Library as Library
    from wherein.library.evaluating import evaluate as evaluate

__all__ = ["Library", "WhereinError", "evaluate"]

_HOMES = {"Library": "wherein.library", "WhereinError": "wherein.errors", "evaluate": "wherein.library.evaluating"}


def __getattr__(name: str) -> object:
    # Loaded on first use (PEP 562): a command that asks nothing should not wait for NumPy.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

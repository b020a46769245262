"""pyarrow, which reads and writes Parquet: an extra."""

from types import ModuleType

from wherein.errors import WhereinError

__all__ = ["require_arrow"]


def require_arrow() -> ModuleType:
    """Return the module `pyarrow`. Raises WhereinError when it is not installed."""
    try:
        import pyarrow
    except ImportError as error:
        raise WhereinError("To export or move a library, install: pip install 'wherein[cluster]'") from error
    return pyarrow

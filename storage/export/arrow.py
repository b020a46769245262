"""pyarrow, which reads and writes Parquet: an extra."""

from typing import Any

from wherein.errors import WhereinError

__all__ = ["require_arrow"]


def require_arrow() -> Any:
    """Return the module `pyarrow`. Raises WhereinError when it is not installed."""
    try:
        import pyarrow
    except ImportError as error:
        raise WhereinError("To export or move a library, install: pip install 'wherein[cluster]'") from error
    return pyarrow

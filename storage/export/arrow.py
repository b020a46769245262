"""pyarrow, which reads and writes Parquet: an extra."""

from typing import Any

from wherein.errors import WhereinError
from wherein.installation import install_command

__all__ = ["require_arrow"]


def require_arrow() -> Any:
    """Return the module `pyarrow`. Raises WhereinError when it is not installed."""
    try:
        import pyarrow
    except ImportError as error:
        raise WhereinError(f"To export or move a library, install: {install_command('cluster')}") from error
    return pyarrow

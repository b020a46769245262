"""Ray, which starts the actors: an extra (https://docs.ray.io)."""

from typing import Any

from wherein.errors import WhereinError
from wherein.installation import install_command

__all__ = ["require_ray"]


def require_ray() -> Any:
    """Return the module `ray`. Raises WhereinError when it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise WhereinError(f"To ingest with Ray, install: {install_command('cluster')}") from error
    return ray

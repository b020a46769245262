"""Ray, which starts the actors: an extra (https://docs.ray.io)."""

from typing import Any

from wherein.errors import WhereinError

__all__ = ["require_ray"]


def require_ray() -> Any:
    """Return the module `ray`. Raises WhereinError when it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise WhereinError("To ingest with Ray, install: pip install 'wherein[cluster]'") from error
    return ray

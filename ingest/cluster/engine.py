"""The engine of a run: this machine's processes and threads, or the actors of a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from wherein.embed.encoder import Encoder
from wherein.errors import WhereinError
from wherein.ingest.cluster.actors import Actors
from wherein.ingest.cluster.encoder import ClusterEncoder
from wherein.ingest.cluster.ray_module import require_ray
from wherein.ingest.cluster.reading import ClusterPool
from wherein.ingest.cluster.recipe import EncoderRecipe, InstalledModel
from wherein.ingest.workers.pool import Pool

__all__ = ["Crew", "RayEngine"]

_STARTS = 3  # Ray gives up after 30 s, which is too little on a machine that is busy
_THREADS = 8
"""The most threads of an actor, unless the number of actors was chosen: more share one model badly."""


@dataclass(frozen=True)
class Crew:
    """What reads files and embeds during a run."""

    encoder: Encoder
    pool: Pool


@dataclass(frozen=True)
class RayEngine:
    """Reading and embedding by actors of Ray.

    `address` is that of a running cluster (`auto`: of the one that this machine belongs to), None starts Ray here.
    `actors` is their number, by default one for every 8 cores of the cluster. `recipe` makes their encoders, by default
    of the library's model.
    """

    address: str | None = None
    actors: int | None = None
    recipe: EncoderRecipe | None = None

    def crew(self, encoder: Encoder, cache: Path | None) -> Crew:
        """Start what a run needs, until its pool is closed; `cache` is this machine's folder for compiled models.

        Raises WhereinError when Ray is not installed or there is no cluster at the address.
        """
        ray = require_ray()
        shut_down = (lambda: None) if ray.is_initialized() else ray.shutdown
        if not ray.is_initialized():
            _connect(ray, self.address)
        count, threads = self._share(ray)
        actors = Actors(self.recipe or InstalledModel.of(encoder, cache), count, threads)
        return Crew(cast("Encoder", ClusterEncoder(encoder, actors)), cast("Pool", ClusterPool(actors, shut_down)))

    def _share(self, ray: Any) -> tuple[int, int]:
        """Return the number of actors, and the threads of each: every actor must fit on a node."""
        cores = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        count = self.actors or sum(-(-own // _THREADS) for own in cores)
        threads = max(1, min(sum(cores) // max(1, count), max(cores)))
        return max(1, count), threads


def _connect(ray: Any, address: str | None) -> None:
    with _environment(RAY_USAGE_STATS_ENABLED="0"):  # nothing is sent anywhere
        for left in reversed(range(_STARTS if address is None else 1)):
            try:
                ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
                break
            except Exception as error:  # Ray raises `Exception` itself when it does not start
                ray.shutdown()
                if not left:
                    raise WhereinError(_reason(address, error)) from error
    # It would print what becomes of its processes to standard output, among the lines of --json.
    ray._private.worker.print_to_stdstream = lambda *_, **__: None


def _reason(address: str | None, error: Exception) -> str:
    if address is None:
        return f"Ray cannot be started: {str(error).partition('. ')[0]}"
    where = "of this machine" if address == "auto" else f"at {address}"
    return f"There is no cluster of Ray {where}; start one with: ray start --head"


@contextmanager
def _environment(**settings: str) -> Iterator[None]:
    """Set environment variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})

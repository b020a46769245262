"""A pool of readers on the nodes of a cluster, in place of processes on this machine (`ingest/workers/pool.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

from wherein.errors import Unreadable
from wherein.ingest.cluster.actor import Portion
from wherein.ingest.cluster.actors import ActorDiedThriceError, Actors
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.parse import FAILED, SKIPPED, Job, Opened, Trouble

__all__ = ["ClusterPool", "ClusterTask"]

_CRASHED = "every process that read it died"
_CHANGED = "it changed while it was being read; the next run will ingest it"


class ClusterTask:
    """A file that an actor reads."""

    def __init__(self, job: Job, actors: Actors) -> None:
        self.job = job
        self._actors = actors
        self._name = uuid4().hex
        self._taken = 0
        self._call = actors.call("read", self._name, job, 0)
        self._opened: Opened | None = None

    def opened(self) -> Opened:
        """Wait for the file to be opened and recognized."""
        self._portion = self._next_portion()
        self._opened = self._portion.opened
        return self._opened

    def documents(self) -> Iterator[Document | Problem]:
        """Yield what is in the file. Raises Unreadable or Skipped where reading it stopped."""
        portion = self._portion
        while True:
            yield from portion.items
            self._taken += len(portion.items)
            if portion.last:
                break
            self._call = self._actors.call("read", self._name, self.job, self._taken)
            portion = self._next_portion()
            if portion.opened != self._opened:
                raise Unreadable(_CHANGED)
        if portion.trouble:
            raise (Skipped if portion.trouble.kind == SKIPPED else Unreadable)(portion.trouble.reason)

    def _next_portion(self) -> Portion:
        try:
            portion: Portion = self._actors.result(self._call)
        except ActorDiedThriceError:
            trouble = Trouble(FAILED, _CRASHED)
            return Portion(self._opened or Opened(trouble=trouble), trouble=trouble)
        return portion


class ClusterPool:
    """Has files read by actors; the interface of `Pool`. `closed` is called at the end."""

    def __init__(self, actors: Actors, closed: Callable[[], object]) -> None:
        self.jobs = actors.count
        self._actors = actors
        self._closed = closed

    def submit(self, job: Job) -> ClusterTask:
        """Have a file read."""
        return ClusterTask(job, self._actors)

    def close(self) -> None:
        """End all actors; results that were not taken are lost."""
        self._actors.close()
        self._closed()
        self._closed = lambda: None

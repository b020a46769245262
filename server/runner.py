"""Runs what blocks, such as a question, in threads: some at once, some waiting, and no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from wherein.server.errors import ProblemError

__all__ = ["Runner"]

Result = TypeVar("Result")
Given = ParamSpec("Given")

_FULL = "Too many requests are waiting"


class Runner:
    """Lends threads to requests. Questions that are asked in several of them share an inference.

    Work that a request no longer waits for keeps its thread, and counts, until it ends.
    """

    def __init__(self, threads: int, queue: int) -> None:
        """At most `threads` pieces of work run, and `queue` more wait."""
        self._most = threads + queue
        self._pool = ThreadPoolExecutor(threads, "wherein-request")
        self._lock = Lock()
        self._admitted = 0

    @property
    def admitted(self) -> int:
        """How many pieces of work run or wait."""
        return self._admitted

    async def run(self, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
        """Return what `work` returns. Raises ProblemError (429) when too many wait."""
        with self._lock:
            if self._admitted >= self._most:
                raise ProblemError(429, "too_many_requests", _FULL, "try again in a second", {"Retry-After": "1"})
            self._admitted += 1
        future = self._pool.submit(partial(work, *given, **named))
        future.add_done_callback(self._release)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for what runs; what waits is cancelled."""
        self._pool.shutdown(cancel_futures=True)

    def _release(self, _: Future[Any]) -> None:
        with self._lock:
            self._admitted -= 1

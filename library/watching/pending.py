"""The paths that have changed since the library caught up with them."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH120

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from threading import Condition

__all__ = ["MOST_PATHS", "Pending", "coalesced"]

MOST_PATHS = 500
"""Paths that are looked at one by one; if there are more, their folders are walked."""

# A file that is written without a pause is read in a fifth of the time at most.
_RESTS, _LONGEST_REST_SECONDS = 4.0, 60.0


class Pending:
    """Collects paths from the threads that get notices, for the thread that catches up with them.

    `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = Condition()
        self._paths: set[str] = set()
        self._rests: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, paths: Iterable[str]) -> None:
        """Note that these paths have changed, or are yet to be looked at."""
        with self._changed:
            self._paths.update(paths)
            self._changed.notify()

    def take(self) -> set[str]:
        """Remove and return the paths to look at now: all but those that rest."""
        with self._changed:
            now = self._clock()
            self._rests = {path: until for path, until in self._rests.items() if until > now}
            due = self._paths - self._rests.keys()
            self._paths -= due
            return coalesced(due)

    def rest(self, paths: Iterable[str], seconds: float) -> None:
        """Let paths that took so many seconds wait before they are looked at again."""
        until = self._clock() + min(_LONGEST_REST_SECONDS, _RESTS * seconds)
        with self._changed:
            self._rests |= dict.fromkeys(paths, until)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to look at, or until `wake`, but no longer than that."""
        with self._changed:
            if not self._paths - self._rests.keys():
                self._changed.wait(seconds)

    def wake(self) -> None:
        """End the wait."""
        self.add(())


def coalesced(paths: set[str]) -> set[str]:
    """Return the paths, or if they are too many the folders that they are in."""
    while len(paths) > MOST_PATHS:
        paths = {os.path.dirname(path) for path in paths}
    return paths

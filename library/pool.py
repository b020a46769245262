"""A bounded number of things that one thread at a time can use, lent to many threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Generic, TypeVar

from wherein.errors import WhereinError

__all__ = ["Closed", "Pool"]

_CLOSED = "This library was closed; make another Library to use it again"
_FORKED = "This library was opened before the process was forked; make another Library in the child process"

Thing = TypeVar("Thing")


class Closed(WhereinError):
    """The pool lends nothing any more."""


class Pool(Generic[Thing]):
    """Lends at most `size` things at once, each to one thread; a thread that finds none free waits for one.

    They are made when they are needed, kept for the next thread, and ended by `end` when they are no longer `usable`,
    or when the pool is closed.
    """

    def __init__(
        self, make: Callable[[], Thing], end: Callable[[Thing], None], size: int, usable: Callable[[Thing], bool]
    ) -> None:
        self._make = make
        self._end = end
        self._size = size
        self._usable = usable
        self._returned = Condition()
        self._idle: list[Thing] = []
        self._lent = 0
        self._closed = False
        self._process: int | None = None

    @contextmanager
    def lend(self) -> Iterator[Thing]:
        """Lend one. Raises Closed after `close`, WhereinError in a child that was forked after the first was lent."""
        thing = self._take()
        try:
            yield thing
        finally:
            self._put_back(thing)

    def close(self) -> None:
        """Lend none from now on; those that are lent are ended when they return."""
        if self._is_forked():
            return  # what the parent process opened is not the child's to close
        with self._returned:
            self._closed = True
            idle, self._idle = self._idle, []
            self._returned.notify_all()
        for thing in idle:
            self._end(thing)

    def _take(self) -> Thing:
        # Before the lock, which another thread of the parent may have held.
        if self._is_forked():
            raise WhereinError(_FORKED)
        with self._returned:
            while not self._closed and self._lent == self._size:
                self._returned.wait()
            if self._closed:
                raise Closed(_CLOSED)
            self._process = os.getpid()
            self._lent += 1
            idle = self._idle.pop() if self._idle else None  # the one that was used last: its caches are the newest
        try:
            if idle is not None and self._usable(idle):
                return idle
            if idle is not None:
                self._end(idle)
            return self._make()
        except BaseException:
            with self._returned:
                self._lent -= 1
                self._returned.notify()
            raise

    def _put_back(self, thing: Thing) -> None:
        with self._returned:
            self._lent -= 1
            keep = not self._closed
            if keep:
                self._idle.append(thing)
            self._returned.notify()
        if not keep:
            self._end(thing)

    def _is_forked(self) -> bool:
        return self._process not in (None, os.getpid())

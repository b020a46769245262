"""The thread that follows the sources of a library."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import Event, Thread, current_thread
from typing import Self

from wherein.errors import Damaged, LibraryBusy, ModelMismatch, WhereinError
from wherein.ingest.progress.events import CaughtUp, Note, Report, RunProblem, Summary, Watching
from wherein.ingest.workers import pool
from wherein.library.ingesting import RunFactory
from wherein.library.opening import require_library
from wherein.library.readers import CatalogReader
from wherein.library.watching.catching_up import CatchUp
from wherein.library.watching.notices import Notices, is_flood, require_watchfiles
from wherein.library.watching.pending import Pending
from wherein.library.watching.roots import Root, relevant, roots
from wherein.library.watching.state import StateFile, WatchState, watch_lock
from wherein.storage.catalog.models import now

__all__ = ["WALK_SECONDS", "Watcher"]

WALK_SECONDS = 3600.0
"""How often all sources are walked by default: some notices get lost."""

_LOOK_SECONDS = 1.0
"""How often sources that were added or removed, and folders that have gone or come back, are looked for."""

_BUSY_SECONDS = 0.3
_AFTER_ERROR_SECONDS = 60.0
_SETTLING_SECONDS = 2.5
_WORTH_ENDING = (Damaged, ModelMismatch)

_ABSENT = "the source is missing; its documents are kept, and it is followed again once it is back"
_BACK = "the source is back; it is followed again"
_REFUSED = "the system does not report changes here ({reason}), so it is only walked every {minutes:,.0f} min"
_BUSY = "another process is writing to the library; changes are collected until it has finished"


class Watcher:
    """Follows the sources of a library until it is stopped, in a thread of its own.

    All sources are walked first, and again every `every` seconds; in between, the library catches up with each change
    that the system reports, by the rules of a reindex. `report` gets the events, in that thread. Web pages and texts
    from standard input are not followed. While another process writes to the library, it waits. `error` is the
    exception that ended the thread, if any.
    """

    def __init__(self, runs: RunFactory, reader: CatalogReader, report: Report, every: float = WALK_SECONDS) -> None:
        self.error: BaseException | None = None
        self._folder = runs.folder
        self._runs = runs
        self._reader = reader
        self._report = report
        self._every = every
        self._stop = Event()
        # Not `Thread.join` alone: Python 3.11 considers a thread ended after a Ctrl-C while it was waited for.
        self._ended = Event()
        self._thread = Thread(target=self._run, name="wherein-watch", daemon=True)
        self._pending = Pending()
        self._catch_up = CatchUp(runs, report, self._stop.is_set)
        self._in_work = 0
        self._roots: frozenset[Root] = frozenset()
        self._notices: Notices | None = None
        self._walk_at = self._settle_at = self._resume_at = 0.0
        self._obstacle = ""
        self._held = ExitStack()

    def start(self) -> Self:
        """Begin. Raises WhereinError without a library or the extra, LibraryBusy when another process watches."""
        require_library(self._folder)
        require_watchfiles()
        self._held.enter_context(watch_lock(self._folder))
        self._state = StateFile(self._folder, WatchState(os.getpid(), now()))
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop at the next safe point, and wait for that, except in `report`; finished work is kept."""
        self._stop.set()
        self._pending.wake()
        if current_thread() is self._thread:
            return
        self._ended.wait()
        self._thread.join()

    def wait(self) -> None:
        """Wait until the thread ends, and raise the error that ended it, if any."""
        self._ended.wait()
        if self.error:
            raise self.error

    @property
    def state(self) -> WatchState:
        """What the watcher is doing, and how much is pending."""
        return replace(self._state.state, pending=self._left)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._look()
                if time.monotonic() >= self._resume_at:
                    self._work()
                self._rest()
        except BaseException as error:
            self.error = error
        finally:
            pool.end_ahead()
            self._state.remove()
            if self._notices:
                self._notices.close()
            self._held.close()
            self._ended.set()

    # Where to look.

    def _look(self) -> None:
        """Follow the sources that are there now."""
        with self._reader.snapshot() as db:
            found = frozenset(roots(db))
        if found != self._roots:
            self._report_absent(found)
            self._follow(found)

    def _follow(self, found: frozenset[Root]) -> None:
        before, self._roots = self._roots, found
        # One begins before the other ends: nothing in between goes unnoticed.
        former, self._notices = self._notices, Notices(found, self._noticed)
        if former:
            former.close()
        for folder, reason in self._notices.refused.items():
            self._report(Note(folder, _REFUSED.format(reason=reason, minutes=self._every / 60)))
        # After the notices have begun: what has changed before that is found.
        self._pending.add(root.base for root in found - before if root.identity)
        self._state.update(absent=tuple(sorted({root.base for root in found if not (root.identity or root.is_link)})))

    def _report_absent(self, found: frozenset[Root]) -> None:
        before = {root.source: root.identity for root in self._roots if not root.is_link}
        for root in sorted((root for root in found if not root.is_link), key=lambda root: root.source):
            was_there = before.get(root.source, True)
            if bool(was_there) != bool(root.identity):
                self._report(Note(root.base, _BACK if root.identity else _ABSENT))

    def _noticed(self, paths: set[str]) -> None:
        """Collect paths whose change the system has reported."""
        changed = relevant(paths, self._roots, self._runs.own_files())
        if is_flood(paths):
            changed |= {root.base for root in self._roots if root.identity}
        # What is at a folder's path by now may be another one, even with the same number: it is watched anew.
        self._roots = frozenset(root for root in self._roots if not (root.identity and root.folder in paths))
        if changed:
            self._pending.add(changed)

    # What to do.

    @property
    def _left(self) -> int:
        """How many paths are pending, with those that are being looked at."""
        return len(self._pending) + self._in_work

    def _work(self) -> None:
        clock = time.monotonic()
        if clock >= self._walk_at:
            self._walk()
        elif paths := self._pending.take():
            self._look_at(paths)
        elif not self._catch_up.is_settled and clock >= self._settle_at:
            self._attempt("ingesting", self._catch_up.settle)
        self._state.update(pending=self._left)

    def _walk(self) -> None:
        is_first = not self._walk_at
        self._pending.take()  # the walk comes across everything
        if self._attempt("walking", self._catch_up.walk) and not self._stop.is_set():
            self._walk_at = time.monotonic() + self._every
            self._state.update(walked_at=now())
            if is_first:
                self._report(Watching(sum(not root.is_link for root in self._roots)))

    def _look_at(self, paths: set[str]) -> None:
        pool.start_ahead()  # while the library is opened
        began, self._in_work = time.monotonic(), len(paths)
        if self._attempt("ingesting", partial(self._catch_up.look_at, paths)):
            self._pending.rest(paths, time.monotonic() - began)
        else:
            self._pending.add(paths)
        self._in_work = 0

    def _attempt(self, doing: str, work: Callable[[], Summary | None]) -> bool:
        """Do it, unless another process writes; return whether it is done."""
        self._state.update(doing=doing, pending=self._left)
        try:
            summary = work()
        except LibraryBusy as busy:
            self._pause(_BUSY_SECONDS, busy)
            return False
        except WhereinError as error:
            if isinstance(error, _WORTH_ENDING) or not self._walk_at:
                raise
            self._pause(_AFTER_ERROR_SECONDS, error)
            return False
        self._obstacle, self._settle_at = "", time.monotonic() + _SETTLING_SECONDS
        self._in_work = 0
        self._state.update(doing="idle", pending=self._left)
        if summary:
            self._report(CaughtUp(summary))
        return True

    def _pause(self, seconds: float, reason: WhereinError) -> None:
        """Wait before the next attempt, and report why, once."""
        self._resume_at = time.monotonic() + seconds
        self._state.update(doing="waiting", pending=self._left)
        if self._obstacle != type(reason).__name__:
            self._obstacle = type(reason).__name__
            folder, is_busy = str(self._folder), isinstance(reason, LibraryBusy)
            self._report(Note(folder, _BUSY) if is_busy else RunProblem("failed", folder, str(reason)))

    def _rest(self) -> None:
        """Wait until there is something to do."""
        seconds = self._resume_at - time.monotonic()
        if seconds > 0:
            self._stop.wait(min(seconds, _LOOK_SECONDS))
        else:
            self._pending.wait(_LOOK_SECONDS)

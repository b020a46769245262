"""Tasks: changes of the library that are accepted at once and made one after the other, in a thread of their own."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Condition, Thread
from typing import Any

import msgspec

from wherein.errors import LibraryBusy, WhereinError
from wherein.ingest.progress.events import Note, Progress, RunProblem, Summary
from wherein.ingest.progress.reindex_report import Stage
from wherein.server.errors import ProblemError, problem_of
from wherein.server.log import log_failure
from wherein.server.schemas import Task
from wherein.storage.catalog.models import now

__all__ = ["Change", "Tasks", "worded"]

_REMEMBERED = 1_000
_MAX_LISTED = 100
_BUSY_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_FULL = "Too many changes are waiting"
_STOPPING = "The server is stopping"

Report = Callable[[object], None]


@dataclass(frozen=True)
class Change:
    """What a task does: `work` gets a function for the events of its run, and returns the summary, if there is one.

    At shutdown a change that `resumes`, as a reindex does the next time, is dropped or stopped; any other is made
    first. `size` is what it holds in bytes until it begins; `release` frees that.
    """

    kind: str
    names: Sequence[str]
    work: Callable[[Report], Summary | None]
    resumes: bool = False
    size: int = 0
    release: Callable[[], None] = lambda: None


class _ServerStops(Exception):
    """Raised in a run that can be resumed later."""


def worded(task: Task, say: Callable[[str], str]) -> Task:
    """Return a task with its messages as `say` words them; `Tasks` keeps those of the library."""
    error = task.error
    if error:
        message = say(error.message)
        error = msgspec.structs.replace(error, message=message, detail=message, hint=say(error.hint))
    return msgspec.structs.replace(
        task,
        error=error,
        problems=[replace(one, uri=_named(one.uri, say), reason=say(one.reason)) for one in task.problems],
        notes=[replace(note, text=say(note.text)) for note in task.notes],
    )


def _named(uri: str, say: Callable[[str], str]) -> str:
    """Return what a problem is of: an option as `say` words it, or the URI of a file, which is a user's."""
    return say(uri) if uri.startswith("--") else uri


class Tasks:
    """The changes that wait, run or have ended; the last 1,000 of them are remembered."""

    def __init__(self, most: int, most_bytes: int) -> None:
        """At most `most` changes wait, which hold at most `most_bytes` bytes."""
        self._most = most
        self._most_bytes = most_bytes
        self._changed = Condition()
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._waiting: deque[tuple[str, Change]] = deque()
        self._bytes = 0
        self._stopping = False
        self._thread = Thread(target=self._work, name="wherein-tasks")

    def start(self) -> None:
        """Begin to make changes."""
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many tasks wait or run."""
        with self._changed:
            return sum(not task.has_ended for task in self._tasks.values())

    def add(self, change: Change) -> Task:
        """Accept a change. Raises ProblemError when too many wait (429), or the server is stopping (503)."""
        with self._changed:
            if self._stopping:
                raise ProblemError(503, "stopping", _STOPPING, "try again when it has started")
            if len(self._waiting) >= self._most or self._bytes + change.size > self._most_bytes:
                raise ProblemError(429, "too_many_requests", _FULL, "try again later", {"Retry-After": "10"})
            task = Task(id=secrets.token_hex(8), kind=change.kind, names=change.names, state="queued", created_at=now())
            self._tasks[task.id] = task
            self._forget()
            self._bytes += change.size
            self._waiting.append((task.id, change))
            self._changed.notify_all()
            return task

    def get(self, number: str) -> Task:
        """Return a task. Raises ProblemError (404) when there is none."""
        with self._changed:
            if number not in self._tasks:
                raise ProblemError(404, "no_such_task", f"There is no task {number}", "see: GET /v1/tasks")
            return self._tasks[number]

    async def ended(self, number: str, wait: float) -> Task:
        """Return a task as soon as it has ended, or after `wait` seconds. Raises ProblemError (404)."""
        until = time.monotonic() + wait
        while True:
            task = self.get(number)
            if task.has_ended or self._stopping or time.monotonic() >= until:
                return task
            await asyncio.sleep(_LOOK_SECONDS)  # not a thread: many clients may wait

    def newest(self) -> list[Task]:
        """Return the tasks, the newest first."""
        with self._changed:
            return list(reversed(self._tasks.values()))

    def stop(self) -> None:
        """Accept no more, and stop what can be resumed later."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def close(self) -> None:
        """Return when the other changes that were accepted are made, too."""
        self.stop()
        self._thread.join()

    def _forget(self) -> None:
        ended = [number for number, task in self._tasks.items() if task.has_ended]
        for number in ended[: max(0, len(self._tasks) - _REMEMBERED)]:
            del self._tasks[number]

    def _work(self) -> None:
        while following := self._next():
            number, change = following
            try:
                if self._stopping and change.resumes:
                    self._update(number, state="stopped", ended_at=now())
                else:
                    self._make(number, change)
            finally:
                change.release()

    def _next(self) -> tuple[str, Change] | None:
        """Return the next change; None when there are no more to come."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            if not self._waiting:
                return None
            number, change = self._waiting.popleft()
            self._bytes -= change.size
            return number, change

    def _make(self, number: str, change: Change) -> None:
        self._update(number, state="running", began_at=now())
        outcome: dict[str, Any] = {"state": "done"}
        try:
            outcome["summary"] = self._run(number, change)
        except _ServerStops:
            outcome = {"state": "stopped"}
        except WhereinError as error:
            outcome = {"state": "failed", "error": problem_of(error).problem}
        except Exception as error:
            log_failure(f"the task {change.kind}", error)
            problem = ProblemError(500, "internal", "The change failed unexpectedly", "the server's log says more")
            outcome = {"state": "failed", "error": problem.problem}
        self._update(number, ended_at=now(), **outcome)

    def _run(self, number: str, change: Change) -> Summary | None:
        """Make a change, as soon as no other process writes. Raises LibraryBusy at shutdown."""
        while True:
            try:
                return change.work(lambda event: self._note(number, change, event))
            except LibraryBusy:
                if self._must_give_up(change.resumes):
                    raise

    def _must_give_up(self, resumes: bool) -> bool:
        with self._changed:
            is_stopping = self._changed.wait_for(lambda: self._stopping, _BUSY_SECONDS)
        if is_stopping and resumes:
            raise _ServerStops
        return is_stopping

    def _note(self, number: str, change: Change, event: object) -> None:
        """Keep an event of a run with its task. Raises _ServerStops to end a run that can be resumed later."""
        if self._stopping and change.resumes:
            raise _ServerStops
        task = self._tasks[number]
        if isinstance(event, Progress):
            self._update(number, progress=event)
        elif isinstance(event, Stage):
            self._update(number, stage=event.name)
        elif isinstance(event, RunProblem) and len(task.problems) < _MAX_LISTED:
            self._update(number, problems=(*task.problems, event))
        elif isinstance(event, RunProblem):
            self._update(number, more_problems=task.more_problems + 1)
        elif isinstance(event, Note) and len(task.notes) < _MAX_LISTED:
            self._update(number, notes=(*task.notes, event))

    def _update(self, number: str, **changes: Any) -> None:
        with self._changed:
            self._tasks[number] = msgspec.structs.replace(self._tasks[number], **changes)
            self._changed.notify_all()

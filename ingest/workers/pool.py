"""Processes that read files ahead, and are killed and replaced when a file is too much for them.

They are started when the first file is to be read, as separate programs: nothing of this process (a loaded model,
threads, the terminal's Ctrl-C) reaches them. Each reads its files in order, and blocks while its results are not
taken: so memory holds what fits the pipes, and one file for each worker.
"""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import local
from typing import Self

from wherein.errors import Unreadable, WhereinError
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.crash import CRASHED, CrashLog
from wherein.ingest.workers.parse import FAILED, SKIPPED, End, Items, Job, Message, Opened, Trouble
from wherein.ingest.workers.starting import start_process
from wherein.ingest.workers.worker import READY
from wherein.installation import reinstall_command
from wherein.storage.catalog.checksums import stream_hash

__all__ = ["ParseTask", "Pool", "default_jobs", "end_ahead", "start_ahead"]

_WORKER = "wherein.ingest.workers.worker"
_MAX_JOBS = 4  # reading is a twentieth of the work; the encoder needs the cores
# A worker may be silent this long: `_SECONDS` for any file, and `_SECONDS_PER_MB` for each MB of it.
_SECONDS, _SECONDS_PER_MB = 60.0, 1.0
_STARTING_SECONDS = 60.0
_ENDING_SECONDS = 1.0


def default_jobs() -> int:
    """Return the default number of workers: one core is left for everything else."""
    return max(1, min(_MAX_JOBS, (os.cpu_count() or 1) - 1))


def start_ahead() -> None:
    """Start a worker for the first pool of this thread to need one, while the rest of the program is imported."""
    if _ahead.process is None:
        _ahead.process = _Process.start(_WORKER)


def end_ahead() -> None:
    """End the worker that this thread has started ahead and has not needed."""
    if unused := _ahead.take():
        unused.end(at_once=True)


class ParseTask:
    """A file that was submitted to a worker. Tasks are to be taken in the order in which they were submitted."""

    def __init__(self, job: Job, worker: "_Worker") -> None:
        self.job = job
        self._worker = worker

    def opened(self) -> Opened:
        """Wait for the file to be opened and recognized."""
        try:
            message = self._worker.next_message(self)
        except Unreadable as problem:
            return Opened(_hash(self.job), trouble=Trouble(FAILED, str(problem)))
        assert isinstance(message, Opened)
        if message.last:
            self._worker.done(self)
        return message

    def documents(self) -> Iterator[Document | Problem]:
        """Yield what is in the file. Raises Unreadable or Skipped where the worker stopped."""
        while isinstance(message := self._worker.next_message(self), Items):
            yield from message.items
        assert isinstance(message, End)
        self._worker.done(self)
        if message.trouble:
            raise (Skipped if message.trouble.kind == SKIPPED else Unreadable)(message.trouble.reason)


class Pool:
    """At most `jobs` workers; `seconds` is how long one may be silent, `module` has their `main`."""

    def __init__(self, jobs: int | None = None, *, seconds: float = _SECONDS, module: str = _WORKER) -> None:
        self.jobs: int = jobs or default_jobs()
        self._workers = [_Worker(seconds, module) for _ in range(self.jobs)]
        self._submitted = 0

    def submit(self, job: Job) -> ParseTask:
        """Have a file read, after those that were submitted before.

        Submit one with `data` only when all others are taken: a worker that waits for its results to be taken does not
        read from its pipe.
        """
        worker = self._workers[self._submitted % self.jobs]
        self._submitted += 1
        return worker.submit(job)

    def close(self) -> None:
        """End all workers; results that were not taken are lost."""
        for worker in self._workers:
            worker.close()


@dataclass(frozen=True)
class _Process:
    """A process that reads files, the connection to it, and the log that says why it ended."""

    process: subprocess.Popen[bytes]
    connection: Connection
    log: CrashLog

    @classmethod
    def start(cls, module: str) -> Self:
        """Start the `main` of a module."""
        log = CrashLog()
        return cls(*start_process(module, log.file), log)

    def end(self, *, at_once: bool) -> str:
        """End it, and wait for that; it ends by itself when its connection does, unless it is reading a file.

        Returns why it ended, if it had ended already.
        """
        self.connection.close()
        if not at_once:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_ENDING_SECONDS)
        if self.process.returncode is None:  # otherwise its number may be that of another process by now
            self._kill()
        return self.log.why_ended(self.process)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)  # with what it started, which is in its session
            else:
                self.process.kill()


class _Ahead(local):
    """The worker that a thread has started ahead. It dies with that thread (`worker.py`), so no other may use it."""

    process: _Process | None = None

    def take(self) -> _Process | None:
        """Return the process, and keep it no longer."""
        process, self.process = self.process, None
        return process


_ahead = _Ahead()


class _Worker:
    """The parent's end of a worker, which is started with its first file, and again after it was killed."""

    def __init__(self, seconds: float, module: str) -> None:
        self._seconds = seconds
        self._module = module
        self._waiting: deque[ParseTask] = deque()
        self._process: _Process | None = None
        self._ready = False

    def submit(self, job: Job) -> ParseTask:
        task = ParseTask(job, self)
        self._waiting.append(task)
        if self._process is None:
            self._start()
        else:
            self._send(job)
        return task

    def done(self, task: ParseTask) -> None:
        assert self._waiting[0] is task
        self._waiting.popleft()

    def next_message(self, task: ParseTask) -> Message:
        """Return the next message. Raises Unreadable when the worker crashes, or hangs and is killed."""
        assert self._waiting[0] is task
        try:
            if not self._ready:
                self._await_ready()
            return self._receive(self._patience(task.job))
        except TimeoutError:
            reason = f"took longer than {self._patience(task.job):,.0f} s to read"
            self._kill()
        except (EOFError, OSError):
            reason = self._kill()
        self._waiting.popleft()
        if self._waiting:
            self._start()  # and send it the files that waited behind this one
        raise Unreadable(reason)

    def close(self) -> None:
        if self._process is not None:
            self._process.end(at_once=bool(self._waiting))  # it may be in the middle of a file
            self._process = None
        self._waiting.clear()

    def _start(self) -> None:
        """Start the process and send it all jobs that wait."""
        ahead = _ahead.take() if self._module == _WORKER else None
        self._process = ahead or _Process.start(self._module)
        self._ready = False
        for task in self._waiting:
            self._send(task.job)

    def _await_ready(self) -> None:
        try:
            if self._receive(_STARTING_SECONDS) == READY:  # type: ignore[comparison-overlap]
                self._ready = True
                return
        except (EOFError, OSError, TimeoutError):
            pass
        self._kill()
        # Not Unreadable: this is not the fault of one file, and no other could be read.
        raise WhereinError(
            f"The process that reads files could not be started; install Wherein again: {reinstall_command()}"
        )

    def _send(self, job: Job) -> None:
        assert self._process is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # `next_message` notices it
            self._process.connection.send(job)

    def _receive(self, seconds: float) -> Message:
        if self._process is None:
            raise EOFError
        if not self._process.connection.poll(seconds):
            raise TimeoutError
        message: Message = self._process.connection.recv()
        return message

    def _patience(self, job: Job) -> float:
        return self._seconds + _SECONDS_PER_MB * _size(job) / 1e6

    def _kill(self) -> str:
        """End the process; return why it ended, if it had ended already."""
        process, self._process = self._process, None
        return process.end(at_once=True) if process is not None else CRASHED


def _size(job: Job) -> int:
    if job.data is not None:
        return len(job.data)
    try:
        return Path(job.path).stat().st_size
    except (OSError, ValueError):
        return 0


def _hash(job: Job) -> bytes | None:
    """Return the content hash of a file whose worker died before it sent it."""
    try:
        with open(job.path, "rb") as stream:  # noqa: PTH123 - odd bytes stay
            return stream_hash(stream)
    except (OSError, ValueError):
        return None

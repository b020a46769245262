"""Advisory locks between processes (flock(2)), which the kernel releases when their holder ends; the writer's lock."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy

__all__ = ["is_locked", "lock_file", "try_lock", "writer_lock"]

_FILE = "writer.lock"
_WAIT_SECONDS = 0.1
# A process that has only just taken the lock has not written its id yet, and one that is about to release it has
# already erased it: read the id again for a tenth of a second before reporting a holder without one.
_HOLDER_RETRIES, _RETRY_SECONDS = 50, 0.002
_turns: dict[tuple[int, int, int], AbstractContextManager[object]] = {}


@contextmanager
def lock_file(path: Path) -> Iterator[int]:
    """Open a lock file, created private if need be; closing its descriptor at the end releases a lock on it."""
    # CLOEXEC: a child process that inherited the descriptor would keep the lock when its holder has ended.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock on an open file; return False when another process holds it.

    Raises OSError (ENOLCK or ENOTSUP) on a file system without locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether a process holds the exclusive lock on a file; one that does not exist is not created.

    The lock is taken for a moment: another process that tries it meanwhile has to try again.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


@contextmanager
def writer_lock(folder: Path, wait: bool = False) -> Iterator[None]:
    """Hold the library's writer lock; with `wait`, wait until the present holder releases it.

    Another thread of this process is waited for in any case. Raises LibraryBusy, naming the holder's process id.
    """
    with lock_file(folder / _FILE) as descriptor, _turn(descriptor):
        retries = 0
        while not try_lock(descriptor):
            pid = _holder(descriptor)
            if not wait and (pid or retries == _HOLDER_RETRIES):
                raise _busy(pid)
            retries += 1
            time.sleep(_WAIT_SECONDS if wait else _RETRY_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
        # Skipped by an exception: the next holder overwrites an id that is left behind; without a holder none is read.
        os.ftruncate(descriptor, 0)


def _turn(descriptor: int) -> AbstractContextManager[object]:
    """Return the lock between the threads of this process that want to lock a file."""
    # By process, because a fork also copies a lock that one of the other threads holds. Reentrant, so that a thread
    # that writes already is refused like another process, and does not wait for itself.
    status = os.fstat(descriptor)
    return _turns.setdefault((os.getpid(), status.st_dev, status.st_ino), threading.RLock())


def _holder(descriptor: int) -> int | None:
    written = os.pread(descriptor, 32, 0).strip()
    return int(written) if written.isdigit() else None


def _busy(pid: int | None) -> LibraryBusy:
    holder = f"process {pid}" if pid else "another process"
    return LibraryBusy(f"{holder} is writing to this library; wait for it, or add --wait", pid)

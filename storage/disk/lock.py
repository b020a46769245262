"""Advisory locks between processes, which the system releases when their holder ends; the writer's lock.

On Unix flock(2), on Windows a lock on the file's first 64 KiB, which others then cannot read either (portalocker).
"""

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy

__all__ = ["is_locked", "lock_file", "try_lock", "writer_lock", "writer_of"]

_FILE = "writer.lock"
_IS_WINDOWS = os.name == "nt"
# Where the holder's process id is in the file: on Windows behind what the lock keeps others from reading.
_ID_OFFSET = 1 << 16 if _IS_WINDOWS else 0
_ID_LENGTH = 32
_WAIT_SECONDS = 0.1
# A process that has only just taken the lock has not written its id yet, and one that is about to release it has
# already erased it: read the id again for a tenth of a second before reporting a holder without one.
_HOLDER_RETRIES, _RETRY_SECONDS = 50, 0.002
_turns: dict[tuple[int, int, int], AbstractContextManager[object]] = {}


@contextmanager
def lock_file(path: Path) -> Iterator[int]:
    """Open a lock file, created private if need be; closing its descriptor at the end releases a lock on it."""
    # No child process inherits it (PEP 446), which would keep the lock when its holder has ended.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock on an open file; return False when another process holds it.

    Raises OSError (ENOLCK or ENOTSUP) on a file system without locks.
    """
    return _lock(descriptor, shared=False)


def _lock(descriptor: int, *, shared: bool) -> bool:
    """Take a lock without waiting; return whether that was possible. Raises OSError where there are no locks."""
    import portalocker  # here, because a question takes no lock

    kind = portalocker.LOCK_SH if shared else portalocker.LOCK_EX
    try:
        portalocker.lock(descriptor, kind | portalocker.LOCK_NB)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        raise error.__cause__ if isinstance(error.__cause__, OSError) else OSError(errno.ENOLCK, str(error)) from error
    return True


def is_locked(path: Path) -> bool:
    """Whether a process holds the exclusive lock on a file; one that does not exist is not created.

    The lock is taken for a moment: another process that tries it meanwhile has to try again.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared where that is possible: on NFS an exclusive lock needs a file that is open for writing.
        return not _lock(descriptor, shared=not _IS_WINDOWS)
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)


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
        _write_holder(descriptor, b"%d\n" % os.getpid())
        yield
        # Skipped by an exception: the next holder overwrites an id that is left behind; without a holder none is read.
        _write_holder(descriptor, b"")


def writer_of(folder: Path) -> str | None:
    """Return in words which process is writing to the library in `folder`, None where none is."""
    path = folder / _FILE
    if not is_locked(path):
        return None
    try:
        with path.open("rb", buffering=0) as file:
            return _described(_holder(file.fileno()))
    except OSError:
        return _described(None)


def _turn(descriptor: int) -> AbstractContextManager[object]:
    """Return the lock between the threads of this process that want to lock a file."""
    # By process, because a fork also copies a lock that one of the other threads holds. Reentrant, so that a thread
    # that writes already is refused like another process, and does not wait for itself.
    status = os.fstat(descriptor)
    return _turns.setdefault((os.getpid(), status.st_dev, status.st_ino), threading.RLock())


def _write_holder(descriptor: int, text: bytes) -> None:
    os.ftruncate(descriptor, _ID_OFFSET)
    os.lseek(descriptor, _ID_OFFSET, os.SEEK_SET)
    os.write(descriptor, text)


def _holder(descriptor: int) -> int | None:
    os.lseek(descriptor, _ID_OFFSET, os.SEEK_SET)
    written = os.read(descriptor, _ID_LENGTH).strip()
    return int(written) if written.isdigit() else None


def _busy(pid: int | None) -> LibraryBusy:
    return LibraryBusy(f"{_described(pid)} is writing to this library; wait for it, or add --wait", pid)


def _described(pid: int | None) -> str:
    return f"process {pid}" if pid else "another process"

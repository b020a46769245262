"""One writer at a time, across processes: an advisory lock that the kernel drops with its holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy

__all__ = ["writer_lock"]

_FILE = "writer.lock"
_POLL_SECONDS = 0.1
# A holder that has just come has not written its id yet, and one that is just going has none any more.
_TRIES, _SOON = 50, 0.002


@contextmanager
def writer_lock(folder: Path, wait: bool = False) -> Iterator[None]:
    """Hold the library's writer lock; with `wait`, until the present holder lets go of it.

    Raises LibraryBusy, naming the holder's process id.
    """
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        tries = 0
        while not _acquire(descriptor):
            pid = _holder(descriptor)
            if not wait and (pid or tries == _TRIES):
                raise _busy(pid)
            tries += 1
            time.sleep(_POLL_SECONDS if wait else _SOON)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int | None:
    written = os.pread(descriptor, 32, 0).strip()
    return int(written) if written.isdigit() else None


def _busy(pid: int | None) -> LibraryBusy:
    holder = f"process {pid}" if pid else "another process"
    return LibraryBusy(f"{holder} is writing to this library; wait for it, or add --wait", pid)

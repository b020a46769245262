"""The process that reads files: a hang, a crash or a lack of memory costs one file only (`ingest/workers/pool.py`)."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from functools import partial

from wherein.ingest.workers.memory import limit_memory
from wherein.ingest.workers.parse import MEMORY, Items, read
from wherein.ingest.workers.starting import connection_of

__all__ = ["READY", "main"]

READY = "ready"
"""The first message of a worker."""

_PR_SET_PDEATHSIG = 1
_STANDARD_ERROR = 2


def main(descriptor: int, parent: int) -> None:
    """Read the files that are requested over a connection, one after another, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and that ends this process
    _die_with(parent)
    limit_memory(MEMORY)
    with connection_of(descriptor) as connection, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(READY)
        while True:
            job = connection.recv()
            _forget_before()
            for message in read(job, partial(connection.send, Items(()))):
                connection.send(message)


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, also in the middle of a file.

    See PR_SET_PDEATHSIG in prctl(2); Linux only.
    """
    with suppress(OSError, AttributeError, TypeError):  # a system without it, Windows without `CDLL(None)`
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the call
        sys.exit()


def _forget_before() -> None:
    """Reset the errors and the peak memory of this process, for the next file (`ingest/workers/crash.py`)."""
    with suppress(OSError):  # the standard error may be a terminal
        os.ftruncate(_STANDARD_ERROR, 0)
        os.lseek(_STANDARD_ERROR, 0, os.SEEK_SET)
    with suppress(OSError), open("/proc/self/clear_refs", "w") as peak:  # noqa: PTH123
        peak.write("5")  # the resident set size, see proc(5)

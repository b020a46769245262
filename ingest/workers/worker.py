"""The process that reads files: a hang, a crash or a greedy file costs that file only, see `ingest/workers/pool.py`."""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from wherein.ingest.workers.parse import MEMORY, read

__all__ = ["READY", "main"]

READY = "ready"
"""The first thing that a worker sends."""

_PR_SET_PDEATHSIG = 1


def main(descriptor: int, parent: int) -> None:
    """Read the files that are asked for over a connection, one after another, until that is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and that ends this process
    _die_with(parent)
    _limit(MEMORY)
    with Connection(descriptor) as asked, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        asked.send(READY)
        while True:
            for message in read(asked.recv()):
                asked.send(message)


def _die_with(parent: int) -> None:
    """Have the system kill this process when its parent ends, also in the middle of a file (prctl(2); Linux only).

    To be exact, when the thread ends that started it.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        sys.exit()


def _limit(memory: int) -> None:
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(
            resource.RLIMIT_DATA, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard)
        )

"""Start the process of a worker, with one end of a socket that nothing else has.

On Unix the process inherits its end; on Windows, where only handles are inherited, it gets a copy over its standard
input.
"""

import json
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from socket import socketpair
from typing import IO

__all__ = ["connection_of", "start_process"]

_IS_WINDOWS = os.name == "nt"
_FROM_STANDARD_INPUT = -1
# Neither a fork, which may hang after OpenVINO has started threads, nor the spawn of `multiprocessing`, which imports
# the caller's main module again (docs/decisions/pipeline.md).
_START = (
    # As in cli.py: Python rarely looks for cycles among imported objects, and never at exit.
    "import sys, json, gc; gc.set_threshold(50_000); sys.path[:] = json.loads(sys.argv[1]); from {module} import main;"
    " main(int(sys.argv[2]), int(sys.argv[3])); gc.freeze()"
)


def start_process(module: str, errors: IO[bytes]) -> tuple["subprocess.Popen[bytes]", Connection]:
    """Start the `main` of a module; return the process, whose standard error is `errors`, and the connection to it."""
    ours, theirs = socketpair()
    number = _FROM_STANDARD_INPUT if _IS_WINDOWS else theirs.fileno()
    words = [_interpreter(), "-c", _START.format(module=module), json.dumps(sys.path), str(number), str(os.getpid())]
    with ours, theirs:
        process = subprocess.Popen(
            # A session of its own: the terminal's Ctrl-C does not reach it.
            words, pass_fds=() if _IS_WINDOWS else (number,), start_new_session=True,
            stdin=subprocess.PIPE if _IS_WINDOWS else subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
        if sys.platform == "win32":
            assert process.stdin is not None
            with process.stdin as pipe:
                pipe.write(theirs.share(process.pid))
        return process, Connection(ours.detach())  # which now closes it


def connection_of(descriptor: int) -> Connection:
    """Return the worker's end of the connection; `descriptor` is the number that the process was started with."""
    if sys.platform == "win32" and descriptor == _FROM_STANDARD_INPUT:
        from socket import fromshare

        return Connection(fromshare(sys.stdin.buffer.read()).detach())
    return Connection(descriptor)


def _interpreter() -> str:
    # On Windows that of a virtual environment starts the real one, so the process started here would not be the worker.
    return str(getattr(sys, "_base_executable", sys.executable)) if _IS_WINDOWS else sys.executable

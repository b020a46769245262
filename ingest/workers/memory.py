"""How much memory a process may have, and had at most, where the system says so: not on Windows."""

import os
import subprocess
import sys
from contextlib import suppress

__all__ = ["limit_memory", "own_peak", "peak_of"]

# getrusage(2): `ru_maxrss` is in KiB, on macOS in bytes.
_UNIT = 1 if sys.platform == "darwin" else 1024


def limit_memory(size: int) -> None:
    """Let this process allocate no more than so many bytes, where the system can see to that."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        # DATA counts what the process allocates, without the libraries and files that it maps.
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def own_peak() -> int:
    """Return how many bytes of memory this process had at most, 0 where that is not known."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def peak_of(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a process; return how many bytes of memory it had at most, 0 where that is not known.

    It is not known of a process that has been waited for already.
    """
    if process.returncode is not None:
        return 0
    if not hasattr(os, "wait4"):
        process.wait()
        return 0
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except ChildProcessError:
        process.wait()
        return 0
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * _UNIT

"""Another process that holds the writer's lock of a library."""

import subprocess
import sys
from pathlib import Path

import wherein

__all__ = ["hold"]

_ROOT = Path(wherein.__file__).parent
_HOLDER = """
import sys
from pathlib import Path
from wherein.storage.disk.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Return a process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)],
        cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process

"""Why a worker ended in the middle of a file: for lack of memory, or through a fault in the library that read it."""

import subprocess
from tempfile import TemporaryFile

from wherein.ingest.workers.memory import own_peak, peak_of
from wherein.ingest.workers.parse import MEMORY, OUT_OF_MEMORY

__all__ = ["CRASHED", "CrashLog"]

CRASHED = "the reader crashed"

# The last words of Rust, of C++ and of C when an allocation fails.
_SIGNS = (b"memory allocation of ", b"bad_alloc", b"out of memory", b"cannot allocate memory")
# PDFium ends without a message when it asks for as much memory again as it has.
_SHARE = 0.4
_MAX_WORDS = 1 << 16


class CrashLog:
    """The standard error of a process, for which `file` is opened; to be created just before the process starts."""

    def __init__(self) -> None:
        self.file = TemporaryFile()  # noqa: SIM115 - `why_ended` closes it
        # The peak of a process includes the time before it runs its own program, when it has the memory of this one.
        self._least = max(int(_SHARE * MEMORY), own_peak())

    def why_ended(self, process: "subprocess.Popen[bytes]") -> str:
        """Wait for the end of the process; return the reason that is shown for the file that it was reading."""
        peak = peak_of(process)
        with self.file:
            self.file.seek(0)
            words = self.file.read(_MAX_WORDS).lower()
        return OUT_OF_MEMORY if peak > self._least or any(sign in words for sign in _SIGNS) else CRASHED

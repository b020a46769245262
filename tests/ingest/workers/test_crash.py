"""Why a worker ended."""

import resource
import subprocess
import sys

import pytest

from wherein.ingest.workers.crash import CRASHED, CrashLog
from wherein.ingest.workers.parse import OUT_OF_MEMORY


def why_ended(code: str) -> str:
    log = CrashLog()
    process = subprocess.Popen([sys.executable, "-c", f"import os, sys; {code}"], stderr=log.file)
    reason = log.why_ended(process)
    assert log.file.closed
    assert process.returncode == -6
    return reason


@pytest.mark.parametrize("words", ["", "noise", "thread panicked at src/lib.rs:29:5"])
def test_a_fault(words: str) -> None:
    assert why_ended(f"sys.stderr.write({words!r}); sys.stderr.flush(); os.abort()") == CRASHED


@pytest.mark.parametrize(
    "words",
    [
        "memory allocation of 549755813888 bytes failed",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "tesseract: Cannot allocate memory",
    ],
)
def test_an_allocation_that_failed(words: str) -> None:
    assert why_ended(f"sys.stderr.write({words!r}); sys.stderr.flush(); os.abort()") == OUT_OF_MEMORY


def test_a_library_that_ends_without_a_word() -> None:
    # More than this process, whose memory counts as that of its children.
    size = max(1_500_000_000, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) + 200_000_000)
    assert why_ended(f"data = b'x' * {size}; os.abort()") == OUT_OF_MEMORY


def test_a_process_that_was_waited_for() -> None:
    log = CrashLog()
    process = subprocess.Popen([sys.executable, "-c", ""], stderr=log.file)
    process.wait()
    assert log.why_ended(process) == CRASHED

"""What a process costs: its time, its CPU time and its memory."""

import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Cost:
    """Seconds from start to end, CPU seconds, the most memory in MB, and what was printed.

    Memory is the largest sum of the resident memory of the process and its children, read four times a second.
    """

    seconds: float
    cpu: float
    megabytes: float
    output: str = ""


def measured(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end. Raises SystemExit with the end of its errors when it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began, used, most = time.perf_counter(), _cpu_seconds(), 0
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=errors)
        while process.poll() is None:
            most = max(most, _memory(process.pid))
            try:
                process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - began
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed: {errors.read().decode()[-2000:]}")
        output.seek(0)
        return Cost(seconds, _cpu_seconds() - used, most / 1e6, output.read().decode())


def killed(command: Sequence[str], environment: Mapping[str, str], after: float) -> bool:
    """Run a command, and kill it with SIGKILL after some seconds; return whether it was still running."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
    return False


def processor() -> str:
    """Return the cores, the name of the CPU, and what it has for INT8."""
    lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    kinds = [flag for flag in ("avx2", "avx512_vnni", "avx_vnni", "amx_int8") if flag in flags]
    return f"{os.cpu_count()} cores of {name} ({', '.join(kinds)})"


def _cpu_seconds() -> float:
    """Return the CPU time of the processes that have ended, their own children included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _memory(pid: int) -> int:
    """Return the resident memory of a process and its children; shared pages of several count for each."""
    total = 0
    for task in [pid, *_descendants(pid)]:
        try:
            # Not smaps_rollup, for which the kernel walks the page tables and stops the process meanwhile.
            total += int(Path(f"/proc/{task}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue
    return total


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [task for child in children for task in (child, *_descendants(child))]

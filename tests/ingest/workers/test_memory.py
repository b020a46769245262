"""How much memory a process may have, and had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wherein
from wherein.ingest.workers.memory import limit_memory, own_peak, peak_of

ROOT = Path(wherein.__file__).parent


def test_the_memory_of_a_process_is_limited() -> None:
    code = (
        "import resource; from wherein.ingest.workers.memory import limit_memory;"
        " limit_memory(1 << 29); print(resource.getrlimit(resource.RLIMIT_DATA)[0]);"
        " limit_memory(1 << 28); print(resource.getrlimit(resource.RLIMIT_DATA)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(1 << 29), str(1 << 28)]


def test_the_peak_of_a_process_is_known_when_it_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "data = b'x' * 100_000_000"])
    assert 100_000_000 < peak_of(process) < 1 << 40
    assert process.returncode == 0
    assert peak_of(process) == 0
    assert 1_000_000 < own_peak() < 1 << 40


def test_without_the_means_nothing_is_limited_or_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.delattr(os, "wait4")
    limit_memory(1)
    assert own_peak() == 0
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    assert peak_of(process) == 0
    assert process.returncode == 7

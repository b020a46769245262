"""The machine: what is said of its disks and its processor."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from wherein.diagnosis import machine

_Usage = namedtuple("_Usage", ("total", "used", "free"))


@pytest.mark.parametrize(
    ("free", "text", "notes"),
    [
        (26_700_000_000, "26.7 GB free for the library, 26.7 GB free for the cache", ()),
        (
            100_000_000, "0.1 GB free for the library, 0.1 GB free for the cache",
            ("little space is left for the library and the cache; free some",),
        ),
    ],
)  # fmt: skip
def test_free_space_is_that_of_the_nearest_folder_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, text: str, notes: tuple[str, ...]
) -> None:
    asked: list[Path] = []

    def disk_usage(folder: Path) -> _Usage:
        asked.append(folder)
        return _Usage(10 * free, 9 * free, free)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    found = machine.disk({"library": tmp_path / "a" / "b", "cache": tmp_path})
    assert asked == [tmp_path, tmp_path]
    assert (found.text, found.notes, found.problem) == (text, notes, "")
    assert found.fields == {"free": {"library": free, "cache": free}}


def test_without_the_means_memory_and_cores_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf")
    monkeypatch.delattr(os, "sched_getaffinity")
    found = machine.processor()
    assert found.fields["memory"] is None
    assert found.fields["usable_cores"] == os.cpu_count()
    assert "memory" not in found.text


def test_only_the_variables_of_this_program_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEREIN_MODELS", "/models")
    monkeypatch.setenv("API_TOKEN", "secret")
    found = machine.system()
    assert "WHEREIN_MODELS" in found.fields["variables"]  # type: ignore[operator]
    assert "WHEREIN_MODELS" in found.text
    assert "secret" not in str(found)
    assert "/models" not in str(found)

"""What is flushed, and in which order."""

import errno
import os
from pathlib import Path

import pytest

from wherein.storage.disk.fsync import fsync, fsync_tree


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths that are flushed, in their order."""
    paths: list[Path] = []
    real = os.fsync

    def record(descriptor: int) -> None:
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return paths


def test_a_file_and_a_folder_are_flushed(tmp_path: Path, flushed: list[Path]) -> None:
    (tmp_path / "file").write_bytes(b"content")
    fsync(tmp_path / "file")
    fsync(tmp_path)
    assert flushed == [tmp_path / "file", tmp_path]


def test_a_tree_is_flushed_bottom_up(tmp_path: Path, flushed: list[Path]) -> None:
    (tmp_path / "inner" / "innermost").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name in ("a", "inner/b", "inner/innermost/c"):
        (tmp_path / name).touch()
    fsync_tree(tmp_path)
    names = ("", "a", "empty", "inner", "inner/b", "inner/innermost", "inner/innermost/c")
    assert sorted(flushed) == sorted(tmp_path / name for name in names)
    for path in flushed:
        assert path == tmp_path or flushed.index(path) < flushed.index(path.parent)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_only_a_folder_may_refuse_to_be_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    (tmp_path / "file").touch()

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(number)):
        fsync(tmp_path / "file")
    if number == errno.EIO:
        with pytest.raises(OSError, match=os.strerror(number)):
            fsync(tmp_path)
    else:
        fsync(tmp_path)


def test_no_descriptor_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "failed")

    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    fsync(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="failed"):
        fsync(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fsync(tmp_path / "missing")

"""The writer's lock, between processes."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from other_writer import hold
from wherein.errors import LibraryBusy
from wherein.storage.disk.lock import is_locked, writer_lock


def test_a_second_writer_gets_the_process_id_of_the_first(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        with pytest.raises(LibraryBusy, match=str(process.pid)) as caught, writer_lock(tmp_path):
            pass
        assert caught.value.pid == process.pid
        process.communicate("")
    with writer_lock(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        process.kill()
        process.wait()
    with writer_lock(tmp_path):
        assert int((tmp_path / "writer.lock").read_text()) == os.getpid()


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), writer_lock(tmp_path):
        raise ValueError("inside")
    with writer_lock(tmp_path), pytest.raises(LibraryBusy) as caught, writer_lock(tmp_path):
        pass
    assert caught.value.pid == os.getpid()


def test_waiting_for_the_lock(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        with writer_lock(tmp_path, wait=True):
            pass
        process.wait()


def test_a_holder_that_has_not_written_its_process_id_yet(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "writer.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(LibraryBusy, match="another process") as caught, writer_lock(tmp_path):
        pass
    os.close(descriptor)
    assert caught.value.pid is None
    with writer_lock(tmp_path):
        pass


def test_a_look_at_a_lock_neither_creates_nor_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    assert not is_locked(path)
    assert not path.exists()
    with writer_lock(tmp_path):
        assert is_locked(path)
        assert is_locked(path)
    assert not is_locked(path)
    with writer_lock(tmp_path):
        pass


def test_without_locks_in_the_file_system_nobody_holds_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "writer.lock").touch()

    def flock(_: int, __: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    assert not is_locked(tmp_path / "writer.lock")

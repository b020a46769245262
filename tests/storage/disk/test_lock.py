"""The writer's lock, between processes."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from other_writer import hold
from wherein.errors import LibraryBusy
from wherein.storage.disk import lock
from wherein.storage.disk.lock import is_locked, writer_lock, writer_of


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

    monkeypatch.setattr("portalocker.portalocker.LOCKER", flock)
    assert not is_locked(tmp_path / "writer.lock")
    with pytest.raises(OSError, match="no locks available") as caught, writer_lock(tmp_path):
        pass
    assert caught.value.errno == errno.ENOLCK


def test_a_version_that_locks_with_flock_and_this_one_exclude_each_other(tmp_path: Path) -> None:
    """Up to version 0.1 the lock was taken with `fcntl.flock`, and the process id was written in the same way."""
    path = tmp_path / "writer.lock"
    with path.open("w+") as earlier:
        fcntl.flock(earlier, fcntl.LOCK_EX)
        earlier.write("4711\n")
        earlier.flush()
        with pytest.raises(LibraryBusy, match="process 4711 is writing"), writer_lock(tmp_path):
            pass
        assert is_locked(path)
    with writer_lock(tmp_path), path.open("r+") as earlier:
        assert int(earlier.read()) == os.getpid()
        with pytest.raises(BlockingIOError):
            fcntl.flock(earlier, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_child_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    with writer_lock(tmp_path):
        child.communicate(b"\n")


def test_who_is_writing(tmp_path: Path) -> None:
    assert writer_of(tmp_path) is None
    with writer_lock(tmp_path):
        assert writer_of(tmp_path) == f"process {os.getpid()}"
        (tmp_path / "writer.lock").write_text("")
        assert writer_of(tmp_path) == "another process"
    assert writer_of(tmp_path) is None


def test_a_lock_in_a_folder_that_cannot_be_written_is_looked_at(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        pass
    (tmp_path / "writer.lock").chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert not is_locked(tmp_path / "writer.lock")
    finally:
        tmp_path.chmod(0o700)


def test_on_windows_the_process_id_is_behind_what_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_ID_OFFSET", 1 << 16)
    monkeypatch.setattr(lock, "_IS_WINDOWS", True)
    with writer_lock(tmp_path):
        assert (tmp_path / "writer.lock").read_bytes() == bytes(1 << 16) + b"%d\n" % os.getpid()
        assert writer_of(tmp_path) == f"process {os.getpid()}"
        with pytest.raises(LibraryBusy, match=str(os.getpid())), writer_lock(tmp_path):
            pass
    assert writer_of(tmp_path) is None

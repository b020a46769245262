"""The folder in which a backup or a library is completed before it gets its name."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.backup.staging import clear, printable_path, staging, translating_file_errors


def test_the_folder_is_private_beside_the_target_and_removed_at_the_end(tmp_path: Path) -> None:
    with staging(tmp_path / "copy") as folder:
        assert folder == tmp_path / ".copy.part"
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "content").mkdir()
        (folder / "content" / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_it_is_removed_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), staging(tmp_path / "copy"):
        raise ValueError("inside")
    assert list(tmp_path.iterdir()) == []


def test_one_target_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    with staging(tmp_path / "copy") as folder:
        with pytest.raises(LibraryBusy, match=r"^Another process is writing .*/copy; wait for it$"):
            staging(tmp_path / "copy").__enter__()
        assert folder.is_dir()
        with staging(tmp_path / "other") as other:
            assert other != folder
    with staging(tmp_path / "copy"):
        pass


def test_what_a_killed_run_left_is_cleared_but_not_what_its_links_point_to(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    leftover = tmp_path / ".copy.part"
    (leftover / "content" / "generations").mkdir(parents=True)
    (leftover / "packed").write_bytes(b"half")
    (leftover / "link").symlink_to(tmp_path / "precious")
    with staging(tmp_path / "copy") as folder:
        clear(folder)
        assert [path.name for path in folder.iterdir()] == ["lock"]
    assert (tmp_path / "precious" / "file").exists()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.EACCES, "Permission denied", "/a/b"), "The copy cannot be written: Permission denied (/a/b)"),
        (OSError(errno.ENOENT, "No such file"), "The copy cannot be written: No such file"),
        (OSError(errno.EPERM, "Not permitted", b"/a/\xff"), r"The copy cannot be written: Not permitted (/a/\xff)"),
    ],
)
def test_an_error_of_the_file_system_names_the_path(error: OSError, sentence: str) -> None:
    with pytest.raises(WhereinError) as caught, translating_file_errors("The copy cannot be written"):
        raise error
    assert str(caught.value) == sentence


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), sqlite3.OperationalError("any")])
def test_errors_of_the_disk_and_of_sqlite_have_their_own_sentences(error: Exception) -> None:
    with pytest.raises(WhereinError) as caught, translating_file_errors("The copy cannot be written"):
        raise error
    assert "The copy" not in str(caught.value)


def test_any_path_can_be_printed() -> None:
    assert printable_path(Path("/a/ä b")) == "/a/ä b"
    assert printable_path(os.fsdecode(b"/a/\xff\n")) == "/a/\\xff\n"

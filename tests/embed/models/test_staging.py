"""A model is put together aside, and gets its name when it is complete."""

import errno
from pathlib import Path

import pytest

from wherein.embed.models.staging import exclusive_lock, publish, require_free_space, staging
from wherein.errors import LibraryBusy, WhereinError


def test_a_staging_folder_is_empty_private_and_removed(tmp_path: Path) -> None:
    (tmp_path / ".m.new").mkdir()
    (tmp_path / ".m.new" / "left").write_text("by a process that died")
    with staging(tmp_path, "m") as folder:
        assert folder == tmp_path / ".m.new"
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").write_text("")
    assert not folder.exists()


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), staging(tmp_path, "m"):
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_a_complete_folder_gets_its_name(tmp_path: Path) -> None:
    with staging(tmp_path, "m") as folder:
        (folder / "file").write_text("new")
        assert publish(folder, tmp_path / "m") is None
    assert (tmp_path / "m" / "file").read_text() == "new"


def test_what_had_the_name_is_kept_under_a_number(tmp_path: Path) -> None:
    for number in range(1, 4):
        with staging(tmp_path, "m") as folder:
            (folder / "file").write_text(str(number))
            kept = publish(folder, tmp_path / "m")
        assert kept == (tmp_path / f".m.damaged-{number - 1}" if number > 1 else None)
    assert [(tmp_path / name / "file").read_text() for name in (".m.damaged-1", ".m.damaged-2", "m")] == list("123")


def test_a_lock_keeps_a_second_process_out(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with exclusive_lock(models, "add"):
        with (
            pytest.raises(LibraryBusy, match=f"installing a model in {models}; wait for it"),
            exclusive_lock(models, "add"),
        ):
            pass
        with exclusive_lock(models, "fetch"):
            pass
    with exclusive_lock(models, "add"):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_a_sentence(number: int) -> None:
    words = "not enough free space for the model in /models: it needs 42 MB; free some space"
    with pytest.raises(WhereinError, match=words), require_free_space(Path("/models"), 41_900_000):
        raise OSError(number, "full")


def test_another_error_names_the_file() -> None:
    words = "^/models/a cannot be read or written: Permission denied$"
    with pytest.raises(WhereinError, match=words), require_free_space(Path("/models"), 1):
        raise PermissionError(errno.EACCES, "Permission denied", "/models/a")
    with (
        pytest.raises(WhereinError, match=r"^/models cannot be read or written"),
        require_free_space(Path("/models"), 1),
    ):
        raise OSError(errno.EIO, "Input/output error")

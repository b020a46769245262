"""rename(2) of a folder."""

from pathlib import Path

import pytest

from wherein.storage.disk.rename import rename_folder


@pytest.mark.parametrize("system", ["posix", "nt"])
def test_an_empty_folder_is_replaced_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    for name in ("new", "empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "file").write_text("x")
    (tmp_path / "full" / "file").write_text("kept")
    monkeypatch.setattr("wherein.storage.disk.rename._IS_WINDOWS", system == "nt")
    with pytest.raises(OSError, match="not empty"):
        rename_folder(tmp_path / "new", tmp_path / "full")
    rename_folder(tmp_path / "new", tmp_path / "empty")
    rename_folder(tmp_path / "empty", tmp_path / "there")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "there"]
    assert (tmp_path / "full" / "file").read_text() == "kept"

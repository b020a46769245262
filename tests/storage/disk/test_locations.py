"""The default library's folder."""

from pathlib import Path

import pytest

from wherein.storage.disk.locations import default_library


def test_the_variable_precedes_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for value, expected in (("/named", Path("/named")), ("", tmp_path / "wherein" / "library")):
        monkeypatch.setenv("WHEREIN_LIBRARY", value)
        assert default_library() == expected

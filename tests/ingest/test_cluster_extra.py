"""Without Ray a run on it fails with the line that installs it, before anything is read."""

import re
import sys
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.ingest.cluster.engine import RayEngine
from wherein.installation import install_command
from wherein.library import Library


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("A text.")
    monkeypatch.setitem(sys.modules, "ray", None)
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    with pytest.raises(WhereinError, match=f"install: {re.escape(install_command('cluster'))}"):
        library.ingest([tmp_path / "a.txt"], engine=RayEngine())
    assert library.ingest([tmp_path / "a.txt"]).new == 1

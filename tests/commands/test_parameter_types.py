"""Values of options that make no sense are refused with exit code 2, and nothing is written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from wherein.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "-n", "0", "a"],
        ["query", "-n", "-1", "a"],
        ["query", "-n", str(10**20), "a"],
        ["query", "-n", "1.5", "a"],
        ["query", "--context", "1001", "a"],
        *(["query", "--min-score", value, "a"] for value in ("nan", "inf", "-inf", "1e999")),
        *(["reindex", "--margin", value] for value in ("nan", "inf", "-1")),
        ["ingest", "--max-size", "0", "."],
        ["ingest", "--max-size", str(10**20), "."],
        ["--threads", "-1", "ingest", "."],
        ["--threads", str(10**9), "ingest", "."],
        ["--jobs", "0", "ingest", "."],
        ["--jobs", str(10**9), "ingest", "."],
        ["--library", "", "ingest", "."],
        ["backup", ""],
        ["restore", ""],
        ["evaluate", "golden", ""],
        ["model", "add", ""],
        ["model", "bench", "--seconds", "nan"],
    ],
)
def test_a_value_out_of_range_is_refused(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHEREIN_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("WHEREIN_MODELS", str(tmp_path / "models"))
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Error: Invalid value for " in done.stderr
    assert list(tmp_path.iterdir()) == []

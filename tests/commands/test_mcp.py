"""`wherein mcp`: which options go together, and what `--install` prints and writes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from wherein.installation import install_command
from wherein.library import Library

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "CODEX_HOME", "WHEREIN_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.argv", ["__main__.py"])
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--allow-write"], "--allow-write needs at least one --root FOLDER, and --root needs --allow-write"),
        (["--root", "docs"], "--allow-write needs at least one --root FOLDER, and --root needs --allow-write"),
        (["--write"], "--write goes with --install"),
        (["--install", "claude", "--allow-write", "--root", "none"], "--root takes an existing one"),
        (["--allow-write", "--root", "docs/cats.txt"], "--root takes an existing one"),
    ],
)
def test_options_that_make_no_sense(run: Run, options: list[str], sentence: str) -> None:
    result = run("mcp", *options)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_without_the_extra_a_sentence_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.commands.mcp.find_spec", lambda _: None)
    result = run("mcp")
    assert result.exit_code == 1
    assert result.stderr == f"wherein: To serve agents, install: {install_command('mcp')}\n"


def test_install_prints_what_starts_this_library(run: Run, toy_library: Library, home: Path, tmp_path: Path) -> None:
    result = run("mcp", "--install", "claude", "--allow-write", "--root", "docs")
    expected = ["-m", "wherein", "--library", str(toy_library.folder), "mcp"]
    assert json.loads(result.stdout)["mcpServers"]["wherein"] == {
        "command": sys.executable,
        "args": [*expected, "--allow-write", "--root", str(tmp_path / "docs")],
    }
    assert result.stderr == ("wherein: this goes in home/.config/Claude/claude_desktop_config.json; --write adds it\n")
    assert not home.exists()


def test_install_writes_and_keeps_a_copy(run: Run, toy_library: Library, home: Path) -> None:
    path = home / ".cursor" / "mcp.json"
    first = run("mcp", "--install", "cursor", "--write")
    assert first.stdout == f"{path} has the server; restart cursor\n"
    path.write_text('{"mcpServers": {"other": {}}}')
    second = run("mcp", "--install", "cursor", "--write")
    assert second.stdout.splitlines()[1].startswith(f"the former file is {path}.")
    assert set(json.loads(path.read_text())["mcpServers"]) == {"other", "wherein"}

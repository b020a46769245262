"""Configurations of clients: what is there stays, one step replaces the file, and a copy is kept."""

import json
import os
import stat
import tomllib
from pathlib import Path

import pytest

from wherein.errors import UsageError
from wherein.server.mcp.clients import CLIENTS, clients, described_entry, merge_into, server_entry

WORDS = ["/usr/bin/wherein", "--library", "/home/ada/my notes", "mcp"]
VARIABLES = {"XDG_DATA_HOME": "/data"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CONFIG_HOME", "CODEX_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "home"


def servers(name: str) -> dict[str, dict[str, object]]:
    client = clients()[name]
    text = client.path.read_text("utf-8")
    found: dict[str, dict[str, object]] = (tomllib if name == "codex" else json).loads(text)[client.servers]
    return found


def install(name: str, words: list[str] = WORDS) -> Path | None:
    client = clients()[name]
    return merge_into(client, server_entry(client, words, VARIABLES))


def test_where_each_client_keeps_its_servers(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(CLIENTS) == set(clients())
    paths = {name: client.path for name, client in clients().items()}
    assert paths == {
        "claude": home / ".config" / "Claude" / "claude_desktop_config.json",
        "cursor": home / ".cursor" / "mcp.json",
        "vscode": tmp_path / "project" / ".vscode" / "mcp.json",
        "codex": home / ".codex" / "config.toml",
    }
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setenv("CODEX_HOME", "/elsewhere")
    assert clients()["claude"].path == home / "Library/Application Support/Claude/claude_desktop_config.json"
    assert clients()["codex"].path == Path("/elsewhere/config.toml")


def test_what_is_printed_is_what_a_file_of_its_own_would_hold() -> None:
    described = {name: described_entry(client, server_entry(client, WORDS, {})) for name, client in clients().items()}
    server = {"command": "/usr/bin/wherein", "args": ["--library", "/home/ada/my notes", "mcp"]}
    assert json.loads(described["claude"]) == {"mcpServers": {"wherein": server}}
    assert json.loads(described["cursor"]) == {"mcpServers": {"wherein": server}}
    assert json.loads(described["vscode"]) == {"servers": {"wherein": {"type": "stdio", **server}}}
    assert described["codex"] == (
        '[mcp_servers.wherein]\ncommand = "/usr/bin/wherein"\nargs = ["--library", "/home/ada/my notes", "mcp"]\n'
    )


@pytest.mark.parametrize("name", CLIENTS)
def test_a_file_that_is_not_there_is_created(name: str) -> None:
    assert install(name) is None
    assert servers(name)["wherein"]["env"] == VARIABLES
    assert install(name) is None  # nothing to change
    assert [path.name for path in clients()[name].path.parent.iterdir()] == [clients()[name].path.name]


@pytest.mark.parametrize("name", ["claude", "cursor", "vscode"])
def test_what_is_in_a_json_file_stays(name: str) -> None:
    client = clients()[name]
    client.path.parent.mkdir(parents=True)
    former = {"theme": "dünkel", client.servers: {"other": {"command": "x"}, "wherein": {"disabled": True, "args": []}}}
    client.path.write_text(json.dumps(former, ensure_ascii=False), "utf-8")
    client.path.chmod(0o600)
    copy = install(name)
    assert copy is not None
    assert json.loads(copy.read_text("utf-8")) == former
    found = json.loads(client.path.read_text("utf-8"))
    assert found["theme"] == "dünkel"
    assert found[client.servers]["other"] == {"command": "x"}
    assert found[client.servers]["wherein"]["disabled"] is True
    assert found[client.servers]["wherein"]["args"] == WORDS[1:]
    assert stat.S_IMODE(client.path.stat().st_mode) == 0o600


def test_what_is_in_a_toml_file_stays_with_its_comments() -> None:
    client = clients()["codex"]
    client.path.parent.mkdir(parents=True)
    former = '# mine\nmodel = "o9" # the best\n\n[mcp_servers.other]\ncommand = "x"\n\n[tui]\ntheme = "dark"\n'
    client.path.write_text(former)
    copy = install("codex")
    assert copy is not None
    assert copy.read_text() == former
    text = client.path.read_text()
    for line in former.splitlines():
        assert line in text.splitlines()
    assert tomllib.loads(text)["mcp_servers"] == {
        "other": {"command": "x"},
        "wherein": {"command": WORDS[0], "args": WORDS[1:], "env": VARIABLES},
    }
    install("codex", ["/opt/wherein", "mcp"])
    assert tomllib.loads(client.path.read_text())["mcp_servers"]["wherein"]["command"] == "/opt/wherein"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("claude", "{"), ("claude", '{"mcpServers": []}'), ("cursor", "[]"),
        ("cursor", '{"mcpServers": {"wherein": 5}}'),
        ("vscode", '{\n  // mine\n  "servers": {}\n}'), ("codex", "= 5"), ("codex", "mcp_servers = 5"),
        ("codex", "mcp_servers = [1]"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood_is_left_alone(name: str, text: str) -> None:
    path = clients()[name].path
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(UsageError, match=r"is not understood \(.*\); add the server yourself$"):
        install(name)
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_link_to_a_file_stays_one(home: Path, tmp_path: Path) -> None:
    (home / ".cursor").mkdir(parents=True)
    (tmp_path / "dotfiles.json").write_text("{}")
    (home / ".cursor" / "mcp.json").symlink_to(tmp_path / "dotfiles.json")
    install("cursor")
    assert os.path.islink(home / ".cursor" / "mcp.json")  # noqa: PTH114
    assert "wherein" in json.loads((tmp_path / "dotfiles.json").read_text())["mcpServers"]

"""The configuration of the programs in which agents run: where each lists its MCP servers, and how one is added."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wherein.errors import UsageError
from wherein.storage.disk.fsync import fsync

__all__ = ["CLIENTS", "Client", "clients", "described_entry", "merge_into", "server_entry"]

NAME = "wherein"
"""The name under which the server is known to a client."""


@dataclass(frozen=True)
class Client:
    """A program: the file `path` that names its servers, below the key `servers`, and how that file is `merged`.

    `more` are fields that it expects of a server beside the command.
    """

    path: Path
    servers: str
    merged: Callable[[str, str, Mapping[str, Any]], str]
    more: Mapping[str, str]


def server_entry(client: Client, words: Sequence[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields by which a client starts the server: the command, and its environment."""
    entry: dict[str, Any] = {**client.more, "command": words[0], "args": list(words[1:])}
    return entry | ({"env": dict(variables)} if variables else {})


def described_entry(client: Client, entry: Mapping[str, Any]) -> str:
    """Return the part of a client's file that a person would add."""
    return client.merged("", client.servers, entry)


def clients() -> dict[str, Client]:
    """Return the clients by name, with the paths for this user and the current folder."""
    home = Path.home()
    claude = home / "Library/Application Support" if sys.platform == "darwin" else _folder("XDG_CONFIG_HOME", ".config")
    return {
        "claude": Client(claude / "Claude" / "claude_desktop_config.json", "mcpServers", _merged_json, {}),
        "cursor": Client(home / ".cursor" / "mcp.json", "mcpServers", _merged_json, {}),
        "vscode": Client(Path.cwd() / ".vscode" / "mcp.json", "servers", _merged_json, {"type": "stdio"}),
        "codex": Client(_folder("CODEX_HOME", ".codex") / "config.toml", "mcp_servers", _merged_toml, {}),
    }


CLIENTS = ("claude", "cursor", "vscode", "codex")
"""The names of the clients."""


def _folder(variable: str, name: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / name)


def merge_into(client: Client, entry: Mapping[str, Any]) -> Path | None:
    """Add the server to the client's file, which is replaced in one step; return the path of a copy of the former one.

    Everything else in the file stays, and so do fields of an earlier entry that are not set anew. None when there was
    no file, or nothing to change. Raises UsageError when the file is not understood; it is then left alone.
    """
    path = Path(os.path.realpath(client.path))  # a link stays one
    former = path.read_text("utf-8") if path.exists() else ""
    try:
        text = client.merged(former, client.servers, entry)
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is not understood ({error}); add the server yourself") from error
    if text == former:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    copy = path.with_name(f"{path.name}.{datetime.now():%Y%m%d-%H%M%S}.bak") if former else None
    if copy:
        shutil.copy2(path, copy)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, "utf-8")
    if former:
        shutil.copymode(path, draft)
    fsync(draft)
    draft.replace(path)
    return copy


def _merged_json(text: str, key: str, entry: Mapping[str, Any]) -> str:
    settings = json.loads(text) if text.strip() else {}
    servers = settings.setdefault(key, {})
    servers[NAME] = {**servers.get(NAME, {}), **entry}
    return json.dumps(settings, indent=2, ensure_ascii=False) + "\n"


def _merged_toml(text: str, key: str, entry: Mapping[str, Any]) -> str:
    import tomlkit

    settings = tomlkit.parse(text)
    servers = settings.setdefault(key, tomlkit.table(is_super_table=True))
    server = servers.setdefault(NAME, tomlkit.table())
    for field, value in entry.items():
        if server.get(field) != value:
            server[field] = value
    return tomlkit.dumps(settings)

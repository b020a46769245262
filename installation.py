"""How the running program was installed, its optional parts, and the commands that add, upgrade or restore them.

A command depends on where the program came from (PEP 610): an index, a file, a repository or a clone; and on the tool
that installed it: pip, uv, pipx or uv tool.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What only a message needs is imported with it: the processes that read files import this module, too.
if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = [
    "EXTRAS",
    "Installation",
    "how_to_upgrade",
    "install_command",
    "installed_extras",
    "reinstall_command",
    "requirements_of",
    "this_installation",
]

EXTRAS = {
    "server": "serve the library over HTTP, with a page for people",
    "mcp": "serve the library to agents",
    "watch": "follow the sources",
    "ocr": "read text in pictures; needs Tesseract as well",
    "hub": "fetch models of the Hugging Face Hub",
    "multilingual": "the weights of a model for about a hundred languages",
    "cluster": "keep a library in Milvus, ingest with Ray, and export it as Parquet",
    "langchain": "a retriever for LangChain",
    "evaluate": "measure how often the right passage is found",
}
"""The optional parts, and what each is for."""

_PACKAGE = "wherein"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_OF_EXTRA = re.compile(r"""([A-Za-z0-9._-]+)\s*([^;]*);.*\bextra\s*==\s*['"]([A-Za-z0-9._-]+)['"]""")


@dataclass(frozen=True)
class Installation:
    """How a program was installed: by `tool`, which is `pip`, `uv`, `pipx` or `uv tool`, and from `origin`.

    The origin is the path of a clone (`is_folder`), the URL of a file or a repository, or "" for an index. A clone that
    is `editable` is run from where it is.
    """

    tool: str = "pip"
    origin: str = ""
    is_folder: bool = False
    editable: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it was installed from a wheel or an archive on disk."""
        return self.origin.startswith("file:")

    def __str__(self) -> str:
        return f"by {self.tool} from {self.origin or 'an index'}{', editable' if self.editable else ''}"


def this_installation() -> Installation:
    """Return how the running program was installed; one that was not is run from a clone."""
    package = _distribution(_PACKAGE)
    if package is None:
        return Installation(origin=str(Path(__file__).resolve().parent), is_folder=True, editable=True)
    tool = _tool(package)
    try:
        origin: Any = json.loads(package.read_text("direct_url.json") or "{}")
        if "dir_info" in origin:
            return Installation(tool, _path(origin["url"]), True, bool(origin["dir_info"].get("editable")))
        if "vcs_info" in origin:
            vcs = origin["vcs_info"]
            return Installation(tool, f"{vcs['vcs']}+{origin['url']}@{vcs['commit_id']}")
        return Installation(tool, str(origin.get("url", "")))
    except (ValueError, TypeError, AttributeError, LookupError):
        return Installation(tool)


# Commands, as they are typed into a shell.


def install_command(extra: str) -> str:
    """Return the command that adds an extra to the running program."""
    here = this_installation()
    if here.tool in ("pipx", "uv tool"):
        # Both install it again, with no other extras than those that are named.
        return _install(here, [name for name in EXTRAS if name in {extra, *installed_extras()}])
    if here.is_file and not Path(_path(here.origin)).exists():
        return _joined([*_installer(here), *requirements_of(extra)])
    return _install(here, [extra])


def reinstall_command() -> str:
    """Return the command that installs the running program again, with the extras that it has."""
    here = this_installation()
    flags = {"pip": ["--force-reinstall", "--no-deps"], "uv": ["--reinstall-package", _PACKAGE]}
    is_app = here.tool in ("pipx", "uv tool")
    return _install(here, installed_extras() if is_app else [], *flags.get(here.tool, []))


def how_to_upgrade() -> str:
    """Return what to do to get a newer version."""
    here = this_installation()
    if here.is_folder:
        pull = _joined(["git", "-C", here.origin, "pull"])
        return f"upgrade with: {pull}" if here.editable else f"upgrade with: {pull} && {_install(here, [])}"
    if here.origin:
        return f"install a newer version in place of {here.origin}"
    is_app = here.tool in ("pipx", "uv tool")
    words = [*here.tool.split(), "upgrade", _PACKAGE] if is_app else [*_installer(here), "--upgrade", _PACKAGE]
    return f"upgrade with: {_joined(words)}"


def _install(here: Installation, extras: Sequence[str], *flags: str) -> str:
    named = f"[{','.join(extras)}]" if extras else ""
    if here.is_folder:
        requirement = here.origin + named
    else:
        requirement = f"{_PACKAGE}{named} @ {here.origin}" if here.origin else f"{_PACKAGE}{named}"
    return _joined([*_installer(here), *flags, *(["--editable"] if here.editable else []), requirement])


def _installer(here: Installation) -> list[str]:
    if here.tool in ("pipx", "uv tool"):
        return [*here.tool.split(), "install", "--force"]
    if here.tool == "uv":
        return ["uv", "pip", "install", "--python", sys.executable]
    if not _has_pip():  # a pip outside this environment installed it
        return ["pip", "--python", sys.executable, "install"]
    # In short where the shell has activated this environment.
    pip = ["pip"] if os.environ.get("VIRTUAL_ENV") == sys.prefix else [sys.executable, "-m", "pip"]
    return [*pip, "install"]


def _has_pip() -> bool:
    return _distribution("pip") is not None


def _joined(words: Sequence[str]) -> str:
    if os.name == "nt":
        return " ".join(f'"{word}"' if set(word) & set(" <>[]&|") else word for word in words)
    return shlex.join(words)


# What is installed.


def installed_extras() -> list[str]:
    """Return the extras whose packages are all installed."""
    return [
        extra
        for extra in EXTRAS
        if (needed := requirements_of(extra)) and all(_distribution(_name_in(one)) for one in needed)
    ]


def requirements_of(extra: str) -> list[str]:
    """Return the packages that an extra consists of, each with its lowest version: `watchfiles>=1.3`."""
    package = _distribution(_PACKAGE)
    found = map(_OF_EXTRA.match, (package.requires if package else None) or ())
    return [f"{match[1]}{match[2].strip()}" for match in found if match and match[3] == extra]


def _name_in(requirement: str) -> str:
    match = _NAME.match(requirement)
    return match[0] if match else requirement


def _distribution(name: str) -> Distribution | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _tool(package: Distribution) -> str:
    environment = Path(sys.prefix)
    if (environment / "uv-receipt.toml").exists():
        return "uv tool"
    if (environment / "pipx_metadata.json").exists():
        return "pipx"
    return "uv" if (package.read_text("INSTALLER") or "").strip() == "uv" else "pip"


def _path(url: str) -> str:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return url2pathname(urlsplit(url).path)

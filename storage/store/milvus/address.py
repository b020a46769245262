"""Addresses of libraries in Milvus: `milvus:FILE.db` for Milvus Lite, `milvus://[USER:PASSWORD@]HOST:PORT/NAME`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from wherein.errors import UsageError

__all__ = ["SCHEME", "TOKEN_VARIABLE", "MilvusAddress", "parse_address"]

SCHEME = "milvus:"
TOKEN_VARIABLE = "WHEREIN_MILVUS_TOKEN"
"""The environment variable with the token, or USER:PASSWORD, of a server: on a command line anybody can read it."""

_DEFAULT_PORT = 19530
_LITE_NAME = "wherein"
# Names of collections begin with it, and a server allows 255 characters.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FORMS = "write milvus:FILE.db, or milvus://HOST:PORT/NAME with a NAME of letters, digits and underscores"


@dataclass(frozen=True)
class MilvusAddress:
    """Where a library is: in the file `path` of Milvus Lite, else on a server at `url`; `name` is the library's.

    `login` is USER:PASSWORD, "" where the address has none.
    """

    name: str
    url: str = ""
    path: Path | None = None
    login: str = field(default="", repr=False)

    @property
    def is_absent(self) -> bool:
        """Whether it is that of a file that does not exist; to open it would create it."""
        return self.path is not None and not self.path.exists()

    @property
    def written(self) -> str:
        """The address as it names the library in any folder, with what logs in."""
        if self.path is not None:
            return self.shown
        user, colon, password = self.login.partition(":")
        login = f"{quote(user, safe='')}{colon}{quote(password, safe='')}@" if self.login else ""
        return f"{SCHEME}//{login}{self.url.partition('//')[2]}/{self.name}"

    @property
    def token(self) -> str:
        """The token, or USER:PASSWORD, that the server wants, "" for none."""
        return self.login or (os.environ.get(TOKEN_VARIABLE, "") if self.url else "")

    @property
    def shown(self) -> str:
        """The address without a password, as errors and `status` show it."""
        if self.path is not None:
            return f"{SCHEME}{self.path}"
        return f"{SCHEME}{self.url.partition(':')[2]}/{self.name}"


def parse_address(text: str) -> MilvusAddress:
    """Return the address that a user wrote. Raises UsageError for what is none."""
    rest = text.removeprefix(SCHEME)
    # A path may have lost one of two slashes; a server's address never ends as a file's does.
    if rest.startswith("/") and not rest.endswith(".db"):
        return _server(f"//{rest.lstrip('/')}")
    if not rest.endswith(".db") or "\0" in rest:
        raise UsageError(f"{text[:200]!a} is not the address of a library in Milvus; {_FORMS}")
    return MilvusAddress(_LITE_NAME, path=Path(rest).expanduser().absolute())


def _server(rest: str) -> MilvusAddress:
    try:
        parts = urlsplit(f"http:{rest}")
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    name = parts.path.strip("/")
    if not host or not _NAME.fullmatch(name) or parts.query or parts.fragment:
        raise UsageError(f"This is not the address of a library in Milvus; {_FORMS}")
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    bracketed = f"[{host}]" if ":" in host else host  # an IPv6 address
    return MilvusAddress(name, url=f"http://{bracketed}:{port}", login=login)

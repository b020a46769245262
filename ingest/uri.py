"""File names as URIs: any bytes that a file system allows become printable ASCII, and back."""

import os
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes, urlsplit, urlunsplit

from wherein.errors import UsageError

__all__ = ["display", "file_path", "file_uri", "real_path", "record_uri", "web_address"]

_SCHEME = "file://"
_WEB = ("http://", "https://")
_SAFE = "%/:?=&~+!$,;'@()*[]|"  # with the percent sign, so that what is escaped already stays as it is


def real_path(name: str) -> str:
    """Return the one form in which a path is stored: absolute, `~` expanded, all links resolved, as the kernel does.

    What does not exist yet keeps the names that cannot be resolved.
    """
    return os.path.realpath(os.path.expanduser(name))  # noqa: PTH111 - odd bytes stay


def file_uri(path: str) -> str:
    """Return the `file://` URI of an absolute path; undecodable bytes are percent-encoded."""
    return _SCHEME + quote_from_bytes(os.fsencode(path))


def file_path(uri: str) -> str | None:
    """Return the path that a `file://` URI names (a record's key left out), None for another kind of URI."""
    if not uri.startswith(_SCHEME):
        return None
    return os.fsdecode(unquote_to_bytes(uri.removeprefix(_SCHEME).partition("#")[0]))


def record_uri(uri: str, key: str) -> str:
    """Return the URI of the record `key` of a file; the file's own when the key is empty."""
    return f"{uri}#{quote(key)}" if key else uri


def web_address(name: str) -> str | None:
    """Return the address of a web page in ASCII and without a fragment; None for anything else.

    Raises UsageError for an invalid address, and for one with a user name or password, which would be stored.
    """
    if not name.lower().startswith(_WEB):
        return None
    try:
        parts = urlsplit(name.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port is not None else ""
    except (ValueError, UnicodeError):
        raise UsageError(f"{name[:200]!a} is not the address of a web page") from None
    if not host or parts.username is not None:
        login = "contains a user name or password, which would be stored; leave it out"
        problem = login if host else "is not the address of a web page"
        raise UsageError(f"{name[:200]!a} {problem}")
    bracketed = f"[{host}]" if ":" in host else host  # an IPv6 address
    path, query = (quote(part, safe=_SAFE, errors="replace") for part in (parts.path or "/", parts.query))
    return urlunsplit((parts.scheme, bracketed + port, path, query, ""))


def display(path: str) -> str:
    """Return `path` on one printable line: a newline as \\n, undecodable bytes as \\xNN."""
    return path if path.isprintable() else "".join(map(_escaped, path))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # the surrogates that `surrogateescape` makes of bytes
        return f"\\x{code - 0xDC00:02x}"
    if code in (9, 10, 13):
        return {9: "\\t", 10: "\\n", 13: "\\r"}[code]
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

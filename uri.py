"""Locations as URIs: the one form in which each is stored, what a person sees of it, and what a person may write."""

import ntpath
import os
import posixpath
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from urllib.parse import quote, quote_from_bytes, unquote, unquote_to_bytes, urlsplit, urlunsplit

from wherein.errors import UsageError

__all__ = [
    "comparable",
    "display",
    "display_path",
    "display_uri",
    "file_path",
    "file_uri",
    "possible_uris",
    "readings",
    "real_path",
    "record_uri",
    "split_path",
    "stdin_uri",
    "uri_parts",
    "web_address",
    "with_slashes",
]

_IS_WINDOWS = os.name == "nt"
_SCHEME = "file://"
_STDIN = "stdin:"
_WEB = ("http://", "https://")
_SAFE = "%/:?=&~+!$,;'@()*[]|"  # with the percent sign, so that what is escaped already stays as it is
_ESCAPED = re.compile(r"%(?=[0-9A-Fa-f]{2})")
_PRINTED = re.compile(r"\\(?:([tnr])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
# NUL, and lone surrogates except those that stand for undecodable bytes (U+DC80 to U+DCFF, PEP 383).
# What precedes a path of Windows that may be longer than 260 characters.
_EXTENDED, _EXTENDED_SHARE = "\\\\?\\", "\\\\?\\UNC\\"
_DRIVE = re.compile(r"/?([A-Za-z]):(?=/|$)")
_IN_NO_NAME = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
_MAX_HASHES = 16
"""The first of these in a name are tried as what precedes the key of a record."""


# As stored.


def real_path(name: str) -> str:
    """Return the one form in which a path is stored: absolute, `~` expanded, all links resolved, as the kernel does.

    What does not exist yet keeps the names that cannot be resolved. Raises UsageError for a relative path when the
    current folder has been deleted.
    """
    try:
        return os.path.realpath(os.path.expanduser(name))  # noqa: PTH111 - odd bytes stay
    except FileNotFoundError:
        raise UsageError("The current folder has been deleted; change to another, or give absolute paths") from None


def file_uri(path: str, *, windows: bool = _IS_WINDOWS) -> str:
    """Return the `file://` URI of an absolute path; undecodable bytes are percent-encoded.

    That of `C:\\a b.txt` is `file:///C:/a%20b.txt`, that of `\\\\server\\share\\a.txt` `file://server/share/a.txt` (RFC
    8089, appendix E).
    """
    begin, rest = uri_parts(path, windows=windows)
    return begin + quote_from_bytes(rest.encode("utf-8", "surrogatepass") if windows else os.fsencode(rest))


def uri_parts(path: str, *, windows: bool = _IS_WINDOWS) -> tuple[str, str]:
    """Return what the URI of an absolute path begins with, and the rest of it before it is percent-encoded."""
    if not windows:
        return _SCHEME, path
    if path.startswith(_EXTENDED_SHARE):
        path = path.replace(_EXTENDED_SHARE, "\\\\", 1)
    path = with_slashes(path.removeprefix(_EXTENDED), windows=True)
    if drive := _DRIVE.match(path):
        return f"{_SCHEME}/{drive[1].upper()}:", path[drive.end() :]
    return _SCHEME, path.removeprefix("//")


def stdin_uri(name: str) -> str:
    """Return the URI of a text from standard input.

    Percent-encoded is only what has to be: undecodable bytes, control characters, `#`, and what looks percent-encoded.
    Raises UsageError for a name that is neither text nor bytes.
    """
    if re.search("[\ud800-\udc7f\udd00-\udfff]", name):
        raise UsageError(f"{name[:200]!a} cannot be a name: it has lone surrogates")
    return _STDIN + "".join(map(_quoted_oddity, _ESCAPED.sub("%25", name)))


def _quoted_oddity(character: str) -> str:
    return character if character.isprintable() and character != "#" else quote_from_bytes(_bytes(character))


def record_uri(uri: str, key: str) -> str:
    """Return the URI of the record `key` of a file; the file's own when the key is empty."""
    return f"{uri}#{quote_from_bytes(_bytes(key))}" if key else uri


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


def file_path(uri: str, *, windows: bool = _IS_WINDOWS) -> str | None:
    """Return the path that a `file://` URI names (a record's key left out), None for another kind of URI."""
    if not uri.startswith(_SCHEME):
        return None
    path = unquote_to_bytes(uri.removeprefix(_SCHEME).partition("#")[0])
    return _windows_path(path.decode("utf-8", "surrogatepass")) if windows else os.fsdecode(path)


def _windows_path(path: str) -> str:
    """Return the path of Windows that a URI names; `path` is the URI without its scheme, unquoted."""
    is_share = path and not path.startswith("/")
    without_slash = path[1:] if _DRIVE.match(path) else f"//{path}" if is_share else path
    return without_slash.replace("/", "\\")


# Paths of either system, as strings: names may be any bytes, and pathlib would change some.


def with_slashes(path: str, *, windows: bool = _IS_WINDOWS) -> str:
    """Return a path or pattern with `/` between its names; elsewhere than on Windows a backslash is part of a name."""
    return path.replace("\\", "/") if windows else path


def split_path(path: str, *, windows: bool = _IS_WINDOWS) -> tuple[str, list[str]]:
    """Return the root of an absolute path and the names below it; some may be empty.

    The root is `/`, on Windows `C:\\` or `\\\\server\\share\\`.
    """
    paths, separator = (ntpath, "\\") if windows else (posixpath, "/")
    drive, rest = paths.splitdrive(path.replace("/", separator))
    return drive + separator, rest.removeprefix(separator).split(separator)


# As shown.


def display_uri(uri: str) -> str:
    """Return a URI on one printable line: a file's as its path, see `display_path`, with the key of a record."""
    path = file_path(uri)
    _, hash_sign, key = uri.partition("#")
    if path is not None:
        return display_path(path) + hash_sign + display(_decoded(key))
    return display(_decoded(uri) if uri.startswith(_STDIN) else uri)


def display_path(path: str) -> str:
    """Return a path on one printable line, relative to the current folder if it is below it."""
    with suppress(FileNotFoundError):  # the current folder has been deleted
        path = path.removeprefix(os.path.join(os.getcwd(), ""))  # noqa: PTH109, PTH118 - odd bytes stay
    return display(path)


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


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape")


# As written by a person.


def possible_uris(name: str) -> list[str]:
    """Return the URIs of the documents that a person may mean by `name`, the exact one first.

    A name is a URI, an address, or a path, with the key of a record after a `#`, or any of them as it was shown. The
    first URI is the name itself; among the others no order is meant. Empty for what no location can be called.
    """
    found = dict.fromkeys([name])
    for reading in readings(name):
        for location, key in _split(reading):
            for uri in _locations(location):
                found |= dict.fromkeys([record_uri(uri, key), f"{uri}#{key}" if key else uri])
    # Only ASCII and the names of standard input are stored; SQLite rejects surrogates.
    return [uri for uri in found if not re.search("[\0\ud800-\udfff]", uri)]


def readings(name: str) -> list[str]:
    """Return what a name may stand for: itself; what `display` shows like this; and a file whose name begins with `~`.

    Empty for what cannot be a name.
    """
    if _IN_NO_NAME.search(name):
        return []
    meant = [name, _PRINTED.sub(_unescaped, name)]
    meant += [f"./{reading}" for reading in meant if reading.startswith("~")]
    return [reading for reading in dict.fromkeys(meant) if not _IN_NO_NAME.search(reading)]


def comparable(uri: str) -> str:
    """Return a URI decoded, printable and in Unicode's composed form: equal for names that are shown alike."""
    return unicodedata.normalize("NFC", display(_decoded(uri)))


def _split(name: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to split a name into a location and the key of a record."""
    yield name, ""
    for match in islice(re.finditer("#", name), _MAX_HASHES):
        yield name[: match.start()], name[match.end() :]


def _locations(name: str) -> Iterator[str]:
    """Yield the URIs that a location may be stored under."""
    if name.lower().startswith(_STDIN):
        yield stdin_uri(name[len(_STDIN) :])
    with suppress(UsageError):  # not the address of a web page
        if address := web_address(name):
            yield address
    with suppress(UsageError, FileNotFoundError):  # the current folder has been deleted
        if name.lower().startswith(_SCHEME):
            location = _SCHEME + quote_from_bytes(unquote_to_bytes(os.fsencode(name[len(_SCHEME) :])))
            yield from _paths(file_path(location) or "")
        yield from _paths(name)


def _paths(name: str) -> Iterator[str]:
    if name and "\0" not in name:
        yield file_uri(real_path(name))
        # Earlier versions stored paths whose links were not resolved.
        yield file_uri(os.path.abspath(os.path.expanduser(name)))  # noqa: PTH100, PTH111 - odd bytes stay


def _unescaped(match: re.Match[str]) -> str:
    control, *numbers = match.groups()
    if control:
        return {"t": "\t", "n": "\n", "r": "\r"}[control]
    code = int(next(filter(None, numbers)), 16)
    if match[2] and code >= 0x80:
        return chr(0xDC00 + code)  # a byte
    return chr(code) if code <= 0x10FFFF else match[0]

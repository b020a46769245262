"""File names as URIs: any bytes that a file system allows become printable ASCII, and back."""

import os
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

__all__ = ["file_path", "file_uri", "record_uri"]

_SCHEME = "file://"


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
    return f"{uri}#{quote(key, safe='')}" if key else uri

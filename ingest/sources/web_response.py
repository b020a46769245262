"""What a server sends: its bytes within limits, with the name and the encoding that it declares."""

import codecs
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from pathlib import PurePosixPath
from urllib.error import URLError
from urllib.parse import urlsplit

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.charset import charset_for_label
from wherein.ingest.readers.shared.decode import decode
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.disk.text_lines import split_bom

__all__ = ["Page", "Validators", "describe", "read_page"]

_CHUNK_BYTES = 1 << 16
_MAX_SHOWN = 200
_SUFFIXES = {
    **dict.fromkeys(("text/html", "application/xhtml+xml"), ".html"),
    **dict.fromkeys(("text/markdown", "text/x-markdown"), ".md"),
    **dict.fromkeys(("application/jsonl", "application/x-ndjson", "application/x-jsonlines"), ".jsonl"),
    **dict.fromkeys(("application/x-tex", "text/x-tex"), ".tex"),
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/x-rst": ".rst",
    "application/json": ".json",
}


@dataclass(frozen=True)
class Validators:
    """The headers by which a server is asked later whether a page has changed (RFC 9110, section 8.8)."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Page:
    """A page: a name for the reader, its bytes, and when the server says it was last modified, in ns (0: unknown)."""

    name: str
    data: bytes
    validators: Validators
    modified_ns: int


def describe(error: Exception) -> str:
    """Return in a few words why a connection failed."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "the server timed out"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason)[:_MAX_SHOWN] or type(reason).__name__


def read_page(response: HTTPResponse, address: str, limit: int, cut: bool = False) -> Page:
    """Return the page in a response.

    Raises Unreadable when the connection breaks off, or the page has more than `limit` bytes; with `cut` the rest is
    left out instead.
    """
    try:
        pieces = _decoded(response)
        data = b"".join(_first(pieces, limit) if cut else _limited(pieces, limit))
    except (OSError, HTTPException, ValueError, zlib.error) as error:
        raise Unreadable(f"the connection broke off: {describe(error)}") from None
    headers = response.headers
    kind = headers.get_content_type() if headers.get("Content-Type") else ""
    validators = Validators(headers.get("ETag", "")[:1_000], headers.get("Last-Modified", "")[:100])
    name = _name(address, kind)
    return Page(name, _as_declared(data, kind, headers.get_content_charset("")), validators, _ns(validators.modified))


def _decoded(response: HTTPResponse) -> Iterator[bytes]:
    """Yield the content without its content encoding. Raises OSError when it is cut short."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("gzip", "x-gzip"):
        yield from _gunzipped(_body(response))
    elif coding in ("identity", ""):
        yield from _body(response)
    else:
        raise Unreadable(f"the server used an encoding that was not requested ({coding[:40]!a})")


def _body(response: HTTPResponse) -> Iterator[bytes]:
    announced = response.headers.get("Content-Length", "")
    count = 0
    while piece := response.read1(_CHUNK_BYTES):
        count += len(piece)
        yield piece
    # Without chunked encoding http.client takes a connection that closes early for the end.
    if announced.isascii() and announced.isdecimal() and not response.chunked and count < int(announced):
        raise OSError(None, "the response is shorter than announced")


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)  # 16: with the header of gzip
    for piece in pieces:
        waiting = piece
        while waiting and not unpacker.eof:
            yield unpacker.decompress(waiting, _CHUNK_BYTES)  # in steps: a small piece may unpack to any size
            waiting = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise OSError(None, "the response is shorter than announced")


def _limited(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > limit:
            raise Unreadable(f"larger than --max-size ({limit / 1e6:,.0f} MB)")
        yield piece


def _first(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield the first `limit` bytes."""
    for piece in pieces:
        yield piece[:limit]
        limit -= len(piece)
        if limit <= 0:
            return


def _name(address: str, kind: str) -> str:
    """Return the last part of the address, with the suffix of the media type where it has another one."""
    parts = urlsplit(address)
    name = PurePosixPath(parts.path).name or parts.hostname or "page"
    suffix = _SUFFIXES.get(kind, "")
    return name if name.lower().endswith(suffix) else name + suffix


def _as_declared(data: bytes, kind: str, charset: str) -> bytes:
    """Return text as UTF-8 with a byte order mark, decoded by the charset that the server declares, where it fits.

    The server's declaration takes precedence over the page's, and a byte order mark over either.
    """
    if not charset or not (kind.startswith("text/") or kind.endswith("xml")) or split_bom(data)[0]:
        return data
    declared = charset_for_label(charset)
    try:
        decoded = decode(data, declared=declared)
    except Skipped:
        return data
    if decoded.codec != declared.codec:  # the bytes contradict it: the reader decides by the content
        return data
    # UTF-8 as it is, so that the reader notes its invalid bytes.
    return codecs.BOM_UTF8 + (data if decoded.codec == "utf-8" else decoded.text.encode())


def _ns(modified: str) -> int:
    try:
        return int(parsedate_to_datetime(modified).timestamp()) * 10**9
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return 0

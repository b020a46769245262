"""What a server sends: its bytes within limits, a name and an encoding as it declares them."""

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
from wherein.ingest.readers.shared.decode import split_bom

__all__ = ["Page", "Validators", "page_of", "why"]

_STEP = 1 << 16
_LONGEST_SHOWN = 200
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
    """What a server said about a version of a page, to ask it later whether there is another one."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Page:
    """What was fetched: a name for the reader, the bytes, when the server says they were last modified (or 0)."""

    name: str
    data: bytes
    validators: Validators
    modified_ns: int


def why(error: Exception) -> str:
    """Return in a few words why a connection failed."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "the server keeps silent"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason)[:_LONGEST_SHOWN] or type(reason).__name__


def page_of(response: HTTPResponse, address: str, limit: int) -> Page:
    """Return what an answer holds. Raises Unreadable when it is cut short, or has more than `limit` bytes."""
    try:
        data = b"".join(_limited(_plain(response), limit))
    except (OSError, HTTPException, ValueError, zlib.error) as error:
        raise Unreadable(f"the connection broke off: {why(error)}") from None
    headers = response.headers
    kind = headers.get_content_type() if headers.get("Content-Type") else ""
    validators = Validators(headers.get("ETag", "")[:1_000], headers.get("Last-Modified", "")[:100])
    name = _name(address, kind)
    return Page(name, _as_declared(data, kind, headers.get_content_charset("")), validators, _ns(validators.modified))


def _plain(response: HTTPResponse) -> Iterator[bytes]:
    """Yield the content, unpacked where the server packed it for the way. Raises OSError when it is cut short."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("gzip", "x-gzip"):
        yield from _gunzipped(_sent(response))
    elif coding in ("identity", ""):
        yield from _sent(response)
    else:
        raise Unreadable(f"the server packs it in a way that was not asked for ({coding[:40]!a})")


def _sent(response: HTTPResponse) -> Iterator[bytes]:
    announced = response.headers.get("Content-Length", "")
    count = 0
    while piece := response.read1(_STEP):
        count += len(piece)
        yield piece
    # Of what comes without chunks, http.client takes an early end for the end.
    if announced.isascii() and announced.isdecimal() and not response.chunked and count < int(announced):
        raise OSError(None, "less came than was announced")


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for piece in pieces:
        waiting = piece
        while waiting and not unpacker.eof:
            yield unpacker.decompress(waiting, _STEP)
            waiting = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise OSError(None, "less came than was announced")


def _limited(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > limit:
            raise Unreadable(f"larger than --max-size ({limit / 1e6:,.0f} MB)")
        yield piece


def _name(address: str, kind: str) -> str:
    """Return a name that ends as the type says, where the type says more than the name."""
    parts = urlsplit(address)
    name = PurePosixPath(parts.path).name or parts.hostname or "page"
    suffix = _SUFFIXES.get(kind, "")
    return name if name.lower().endswith(suffix) else name + suffix


def _as_declared(data: bytes, kind: str, charset: str) -> bytes:
    """Return text in UTF-8 with a byte order mark if it is in the encoding that the server names.

    The server's word counts more than the page's, and a byte order mark more than either.
    """
    if not charset or not (kind.startswith("text/") or kind.endswith("xml")) or split_bom(data)[0]:
        return data
    declared = charset_for_label(charset)
    try:
        return codecs.BOM_UTF8 + data.decode(declared.codec, declared.errors).encode()
    except (LookupError, UnicodeError):
        return data


def _ns(modified: str) -> int:
    try:
        return int(parsedate_to_datetime(modified).timestamp()) * 10**9
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return 0

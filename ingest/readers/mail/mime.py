"""From the bytes of a file to the message in it."""

import re
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

from wherein.errors import Unreadable
from wherein.ingest.readers.mail.headers import decode_raw
from wherein.ingest.readers.mail.kind import HEADER_BYTES
from wherein.ingest.readers.mail.parts import TOO_DEEP
from wherein.ingest.readers.shared.charset import WIDE
from wherein.ingest.readers.shared.guess import guess_wide
from wherein.storage.disk.text_lines import split_bom

__all__ = ["parse_message", "wide_codec"]

_SAMPLE = 1 << 12
# Apple Mail (.emlx) writes the number of bytes before a message, and a property list after it.
_APPLE_COUNT = re.compile(rb"\s*\d+[ \t]*\r?\n(?=[!-9;-~]{1,76}:)")
_APPLE_LIST = re.compile(rb"<\?xml [^>]*>\s*<!DOCTYPE plist\b")
_HEADER = re.compile(rb"(?:[^\r\n]+\r?\n)*+")
_MIME_FIELD = re.compile(rb"^(?:content-type|mime-version|content-transfer-encoding):", re.IGNORECASE | re.MULTILINE)
_ODD_LINE = re.compile(rb"^(?=[^\r\n])(?![!-9;-~]{1,76}:|[ \t])", re.MULTILINE)  # neither a field nor its continuation


class _AsWritten(Compat32):
    """Header fields as written, with bytes beyond ASCII decoded; other policies parse them, and fail on broken ones."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return decode_raw(value)


def parse_message(data: bytes) -> Message:
    """Return a message, however broken it is. Raises Unreadable when it is nested too deeply."""
    try:
        return BytesParser(policy=_AsWritten()).parsebytes(_mended(_without_apple_list(_narrow(data))))
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None


def _narrow(data: bytes) -> bytes:
    """Return a message without a byte order mark, as UTF-8 when it is UTF-16 or UTF-32, from its first field on."""
    codec = wide_codec(data[:_SAMPLE])
    _, body = split_bom(data)
    return (body.decode(codec, "replace").encode() if codec else body).lstrip(b"\r\n")


def wide_codec(head: bytes) -> str:
    """Return the codec of mail that is UTF-16 or UTF-32, by its first bytes; "" for any other."""
    bom, _ = split_bom(head)
    codec = bom or (guess_wide(head) if b"\0" in head else None) or ""
    return codec if codec.startswith(WIDE) else ""


def _mended(data: bytes) -> bytes:
    """Return a message in which each line of the header that is not a field continues the field before it.

    Such a line would end the header; it still does when no field after it says how to read the message.
    """
    header = _HEADER.match(data, 0, HEADER_BYTES)
    ends = [field.start() for field in _MIME_FIELD.finditer(header[0] if header else b"")]
    return _ODD_LINE.sub(b" ", data[: ends[-1]]) + data[ends[-1] :] if ends else data


def _without_apple_list(data: bytes) -> bytes:
    count = _APPLE_COUNT.match(data)
    if not count:
        return data
    lists = [match.start() for match in _APPLE_LIST.finditer(data)]
    return data[count.end() : lists[-1] if lists else None]

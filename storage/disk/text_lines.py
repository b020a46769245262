"""Text that a person wrote, as lines: a byte order mark says how it is encoded."""

import codecs
import sys
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["decode_text", "split_bom", "text_lines", "to_unicode"]

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def split_bom(data: bytes) -> tuple[str | None, bytes]:
    """Return the codec of the byte order mark (None without one) and the bytes after the mark."""
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return codec, data[len(bom) :]
    return None, data


def decode_text(data: bytes, errors: str = "strict") -> str:
    """Decode by the byte order mark, else as UTF-8; each line ends with a newline. May raise UnicodeDecodeError."""
    codec, body = split_bom(data)
    return body.decode(codec or "utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")


def to_unicode(text: str) -> str:
    """Return a text as valid Unicode, with `?` for each lone surrogate, which SQLite and JSON reject.

    The shell may pass undecodable bytes, and JSON may escape half a pair.
    """
    if sys.getfilesystemencoding() == "ascii":  # then surrogates stand for all bytes of UTF-8
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return text.encode("utf-8", "replace").decode("utf-8")


def text_lines(stream: BinaryIO, errors: str = "strict") -> Iterator[str]:
    """Yield the lines of a text without their ends, each as soon as it is read. May raise UnicodeDecodeError."""
    first = stream.readline()
    codec, _ = split_bom(first)
    if codec not in (None, "utf-8"):  # a line does not end with the byte of a newline
        first += stream.read()
    yield from _lines(decode_text(first, errors))
    for line in stream:
        yield from _lines(line.decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n"))


def _lines(text: str) -> list[str]:
    # Not splitlines(), which also splits at form feeds and the like.
    return text.removesuffix("\n").split("\n") if text else []

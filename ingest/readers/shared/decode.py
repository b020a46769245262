"""From bytes to text that can be stored: without NUL characters and lone surrogates."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO, TextIOWrapper
from pathlib import PurePath
from typing import BinaryIO, TextIO

from wherein.ingest.document import Document
from wherein.ingest.readers.shared.charset import WIDE, Charset
from wherein.ingest.readers.shared.encoding import find_encoding
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = [
    "AS_IS",
    "PICTURES_NOTE",
    "Decoded",
    "clean",
    "decode",
    "find_decoded",
    "name_as_title",
    "open_text",
    "require_text",
    "without_pictures",
]

# RFC 2397. JSON may write \\/ for a slash, and pictures of type image/svg+xml may be percent-encoded.
_DATA_URI = re.compile(
    r"""(\bdata:(?:[a-z]+\\?/[\w.+-]+)?)(?:
        (?:;[\w.=+-]+)*;base64,(?:[\w+/=%-]|\\/){32,}
      | (?<=image/svg\+xml)[;,][^\s"'()<>]{64,})""",
    re.IGNORECASE | re.VERBOSE,
)
PICTURES_NOTE = "without the bytes of the pictures or files in it (data:)"
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace NUL characters and lone surrogates by U+FFFD; the length stays the same."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True)
class Decoded:
    """A text that can be stored, what a user should know of its encoding, and what of that should be checked."""

    text: str
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    codec: str = "utf-8"

    def annotate(self, document: Document) -> Document:
        """Return the document with these notes before its own."""
        return replace(document, notes=(*self.notes, *document.notes), doubts=(*self.doubts, *document.doubts))

    def without_pictures(self) -> "Decoded":
        """Return the text without the bytes of the pictures and fonts in it, and with a note on them."""
        text, count = without_pictures(self.text)
        return replace(self, text=text, notes=(*self.notes, PICTURES_NOTE)) if count else self


AS_IS = Decoded("")


def without_pictures(text: str) -> tuple[str, int]:
    """Return a text without the payloads of its `data:` URIs, and how many it had; lines keep their numbers."""
    return _DATA_URI.subn(r"\1", text) if "data:" in text else (text, 0)


def decode(data: bytes, encoding: str = "", declared: Charset | None = None) -> Decoded:
    """Decode a text as `find_encoding` says. Raises Skipped when it is binary."""
    found = find_encoding(BytesIO(data), encoding, declared)
    return Decoded(clean(_decode(data[found.bom :], found.codec)), found.notes, found.doubts, found.codec)


def find_decoded(stream: BinaryIO, encoding: str = "") -> Decoded:
    """Return how a stream is decoded, without its text, for readers that read piece by piece."""
    found = find_encoding(stream, encoding)
    # Python's codecs of these names remove the mark.
    codec = {"utf-8": "utf-8-sig"}.get(found.codec, found.codec[:6]) if found.bom else found.codec
    return Decoded("", found.notes, found.doubts, codec)


@contextmanager
def open_text(stream: BinaryIO, decoded: Decoded, newline: str) -> Iterator[TextIO]:
    """Open a stream as text from its start, decoded as `find_decoded` says; `newline` as for `io.TextIOWrapper`."""
    stream.seek(0)
    text = TextIOWrapper(stream, decoded.codec, "replace", newline=newline)
    try:
        yield text
    finally:
        text.detach()  # the stream is the caller's, and would be closed with the wrapper


def _decode(body: bytes, codec: str) -> str:
    if codec.startswith(WIDE):
        try:
            return body.decode(codec, "surrogatepass")  # half a surrogate pair is one bad character, for `clean`
        except UnicodeDecodeError:
            pass
    return body.decode(codec, "replace")


def require_text(text: str) -> None:
    """Raise `Skipped` when `text` is blank."""
    if not text or text.isspace():
        raise Skipped("no text")


def name_as_title(name: str) -> str:
    """Return the last part of a path, as a title that can be stored."""
    return clean(PurePath(name).name)

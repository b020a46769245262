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
# The first bytes of PNG, JPEG, GIF, WebP, PDF, ZIP and gzip in base64, as in contacts (vCard), property lists, LDIF and
# JSON. Some formats fold the lines after the first.
_MAGIC = ("iVBORw0KGgo", "/9j/", "R0lGODlh", "R0lGODdh", "UklGR", "JVBERi0", "UEsDB", "H4sI")
_BASE64 = re.compile(
    rf"(?<![\w+/=])(?:{'|'.join(_MAGIC)})(?:[\w+/]|\\/)++(?:(?:\s|\\r?\\n){{1,40}}(?:[\w+/]|\\/){{40,}}+)*+"
    r"(?:(?:\s{1,40}|\\r?\\n)[\w+/]{2,}+(?==))?+={0,2}",
    re.ASCII,
)
_MIN_BASE64 = 200
PICTURES_NOTE = "without the bytes of the pictures or files in it"
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
    """Return a text without the bytes of pictures and files in it, and how many it had; lines keep their numbers."""
    text, in_uris = _DATA_URI.subn(r"\1", text) if "data:" in text else (text, 0)
    if not any(magic in text for magic in _MAGIC):
        return text, in_uris
    kept = _BASE64.sub(_lines_alone, text)
    return kept, in_uris + (kept != text)


def _lines_alone(found: re.Match[str]) -> str:
    """Return the line ends in base64, or a short word as it is."""
    return "\n" * found[0].count("\n") if len(found[0]) >= _MIN_BASE64 else found[0]


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

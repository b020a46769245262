"""What a message is made of: the text that a person reads, and what is attached."""

import io
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.html import page as html
from wherein.ingest.readers.mail.headers import plain
from wherein.ingest.readers.shared.charset import charset_called
from wherein.ingest.readers.shared.decode import clean, split_bom
from wherein.ingest.uri import display

__all__ = ["Body", "Part", "body_of", "parsed"]

_GAP = "\n\n"
_READ = ("text/plain", "text/html")
_SIGNATURES = frozenset(
    f"application/{kind}" for kind in ("pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "pgp-keys")
)
_DEEPEST = 50
_TOO_DEEP = "the parts of the message are nested too deeply"
_SUFFIXES = {"message/rfc822": ".eml", "text/plain": ".txt", "text/html": ".html", "text/csv": ".csv"}


@dataclass(frozen=True)
class Part:
    """Something attached, by the name it has or by what it is."""

    name: str
    message: Message

    @property
    def is_signature(self) -> bool:
        """Whether it only proves who wrote the rest."""
        return self.message.get_content_type() in _SIGNATURES

    def content(self) -> Iterator[bytes]:
        """Yield the bytes of it, as far as they can be decoded."""
        inner = self.message.get_payload()
        try:
            if isinstance(inner, list):
                yield b"\n".join(part.as_bytes() for part in inner if isinstance(part, Message))
            else:
                yield _decoded(self.message)
        except RecursionError:
            raise Unreadable(_TOO_DEEP) from None


@dataclass(frozen=True)
class Body:
    """The text of a message, with marks where its web pages have headings."""

    text: str
    marks: tuple[Mark, ...]
    attachments: tuple[Part, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Piece:
    text: str
    marks: tuple[Mark, ...] = ()
    note: str = ""


def parsed(data: bytes) -> Message:
    """Return a message, however broken it is. Raises Unreadable when it is nested too deeply."""
    try:
        return BytesParser(policy=compat32).parsebytes(data)
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None


def body_of(message: Message) -> Body:
    """Return what is to be read of a message. Of alternatives the plain text is taken, else the web page."""
    pieces: list[_Piece] = []
    attachments: list[Part] = []
    for number, part in enumerate(_leaves(message, 0), 1):
        if _is_text(part):
            pieces.append(_piece(part))
        else:
            attachments.append(Part(_name(part, number), part))
    text, marks = "", list[Mark]()
    for piece in pieces:
        if piece.text:
            start = len(text) + len(_GAP) if text else 0
            text = f"{text}{_GAP}{piece.text}" if text else piece.text
            marks += [Mark(start + mark.start, mark.page, mark.heading) for mark in piece.marks]
    notes = dict.fromkeys(piece.note for piece in pieces if piece.note)
    return Body(text, tuple(marks), tuple(attachments), tuple(notes))


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    """Yield the parts that hold something; a message in the message is one of them."""
    if depth > _DEEPEST:
        raise Unreadable(_TOO_DEEP)
    inner = message.get_payload()
    if not isinstance(inner, list) or message.get_content_type() == "message/rfc822":
        yield message
        return
    parts = [part for part in inner if isinstance(part, Message)]
    if message.get_content_type() == "multipart/alternative":
        parts = _chosen(parts)
    for part in parts:
        yield from _leaves(part, depth + 1)


def _chosen(parts: list[Message]) -> list[Message]:
    """Return of the alternatives the one to read, and what is neither plain text nor a web page and has a name."""
    for kind in _READ:
        for part in parts:
            if part.get_content_type() == kind and _piece(part).text:
                return [part, *(other for other in parts if other.get_filename())]
    return parts


def _is_text(part: Message) -> bool:
    kind = part.get_content_type()
    # What says that it has parts and has none is shown as it is written.
    readable = kind in _READ or kind.startswith("multipart/")
    return readable and part.get_content_disposition() != "attachment" and not _named(part)


def _named(part: Message) -> str:
    return " ".join(clean(plain(str(part.get_filename() or ""))).split())


def _name(part: Message, number: int) -> str:
    kind = part.get_content_type()
    named = _named(part).replace("\\", "/").rpartition("/")[2]
    return named or f"part-{number}{_SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ''}"


def _piece(part: Message) -> _Piece:
    text, note = _text(part)
    if part.get_content_type() != "text/html":
        return _Piece(text.strip("\n") if text.strip() else "", note=note)
    try:
        (page,) = html.read(io.BytesIO(b"\xef\xbb\xbf" + text.encode()), "")
    except Unreadable:
        return _Piece("", note=note)
    assert isinstance(page, Document)
    return _Piece(page.text, page.marks, note)


def _text(part: Message) -> tuple[str, str]:
    """Return the text of a part, and a note when it is not in the encoding that it declares."""
    data = _decoded(part)
    name = part.get_content_charset() or ""
    declared = charset_called(name) if name else None
    bom, body = split_bom(data)
    for codec in (bom, declared and declared.codec, "utf-8"):
        try:
            if codec:
                return _lines(body.decode(codec)), ""
        except (LookupError, UnicodeError):
            continue
    note = (
        f"not in the encoding that it declares ({display(name[:40])})"
        if name
        else "in an encoding that it does not declare"
    )
    return _lines(body.decode("cp1252", "replace")), f"{note}; read as Windows-1252"


def _lines(text: str) -> str:
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""

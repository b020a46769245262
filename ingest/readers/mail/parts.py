"""The parts of a message (MIME): the text that a person reads, and the attachments."""

import io
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.html import page
from wherein.ingest.readers.mail.headers import decode_words
from wherein.ingest.readers.shared.charset import charset_for_label
from wherein.ingest.readers.shared.decode import clean, decode
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["Attachment", "Body", "message_body", "parse_message"]

_GAP = "\n\n"
_READABLE = ("text/plain", "text/html")
_SIGNATURES = frozenset(
    f"application/{kind}" for kind in ("pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "pgp-keys")
)
_MAX_DEPTH = 50
_TOO_DEEP = "the parts of the message are nested too deeply"
_SUFFIXES = {"message/rfc822": ".eml", "text/plain": ".txt", "text/html": ".html", "text/csv": ".csv"}


@dataclass(frozen=True)
class Attachment:
    """An attachment; without a name of its own it is named by its number and type."""

    name: str
    message: Message

    @property
    def is_signature(self) -> bool:
        """Whether it only proves who wrote the message."""
        return self.message.get_content_type() in _SIGNATURES

    def content(self) -> Iterator[bytes]:
        """Yield the bytes, as far as they can be decoded."""
        inner = self.message.get_payload()
        try:
            if isinstance(inner, list):
                yield b"\n".join(part.as_bytes() for part in inner if isinstance(part, Message))
            else:
                yield _payload(self.message)
        except RecursionError:
            raise Unreadable(_TOO_DEEP) from None


@dataclass(frozen=True)
class Body:
    """The text of a message, with marks where its web pages have headings."""

    text: str
    marks: tuple[Mark, ...]
    attachments: tuple[Attachment, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Text:
    text: str
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()


def parse_message(data: bytes) -> Message:
    """Return a message, however broken it is. Raises Unreadable when it is nested too deeply."""
    try:
        # compat32 returns header fields as written; the newer policies parse them, and may fail on broken ones.
        return BytesParser(policy=compat32).parsebytes(data)
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None


def message_body(message: Message) -> Body:
    """Return the text and the attachments of a message. Of alternatives the plain text is read, else the HTML."""
    texts: list[_Text] = []
    attachments: list[Attachment] = []
    for number, part in enumerate(_leaves(message, 0), 1):
        if _is_text(part):
            texts.append(_part_text(part))
        else:
            attachments.append(Attachment(_name(part, number), part))
    text, marks = "", list[Mark]()
    for part_text in texts:
        if part_text.text:
            start = len(text) + len(_GAP) if text else 0
            text = f"{text}{_GAP}{part_text.text}" if text else part_text.text
            marks += [Mark(start + mark.start, mark.page, mark.heading) for mark in part_text.marks]
    notes = dict.fromkeys(note for part_text in texts for note in part_text.notes)
    return Body(text, tuple(marks), tuple(attachments), tuple(notes))


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    """Yield the parts that hold no other parts; a message inside the message is one of them."""
    if depth > _MAX_DEPTH:
        raise Unreadable(_TOO_DEEP)
    inner = message.get_payload()
    if not isinstance(inner, list) or message.get_content_type() == "message/rfc822":
        yield message
        return
    parts = [part for part in inner if isinstance(part, Message)]
    if message.get_content_type() == "multipart/alternative":
        parts = _choose_alternative(parts)
    for part in parts:
        yield from _leaves(part, depth + 1)


def _choose_alternative(parts: list[Message]) -> list[Message]:
    """Return the alternative to read, and after it the other ones that have file names."""
    for kind in _READABLE:
        for part in parts:
            if part.get_content_type() == kind and _part_text(part).text:
                return [part, *(other for other in parts if other.get_filename())]
    return parts


def _is_text(part: Message) -> bool:
    kind = part.get_content_type()
    # A part that is declared as multipart but has no parts is read as plain text.
    readable = kind in _READABLE or kind.startswith("multipart/")
    return readable and part.get_content_disposition() != "attachment" and not _file_name(part)


def _file_name(part: Message) -> str:
    return " ".join(clean(decode_words(str(part.get_filename() or ""))).split())


def _name(part: Message, number: int) -> str:
    kind = part.get_content_type()
    name = _file_name(part).replace("\\", "/").rpartition("/")[2]
    return name or f"part-{number}{_SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ''}"


def _part_text(part: Message) -> _Text:
    text, notes = _decode_text(part)
    if part.get_content_type() != "text/html":
        return _Text(text.strip("\n") if text.strip() else "", notes=notes)
    try:
        # A byte order mark outweighs what a <meta> declares: the text is decoded already.
        (document,) = page.read(io.BytesIO(b"\xef\xbb\xbf" + text.encode()), "")
    except Unreadable:
        return _Text("", notes=notes)
    assert isinstance(document, Document)
    return _Text(document.text, document.marks, notes)


def _decode_text(part: Message) -> tuple[str, tuple[str, ...]]:
    """Return the text of a part, and notes on its encoding."""
    name = part.get_content_charset() or ""
    try:
        decoded = decode(_payload(part), declared=charset_for_label(name) if name else None)
    except Skipped:
        return "", ()
    return decoded.text.replace("\r\n", "\n").replace("\r", "\n"), decoded.notes


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""

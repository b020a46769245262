"""The parts of a message (MIME): the text that a person reads, and the attachments."""

import mimetypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from functools import partial

from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.html import page
from wherein.ingest.readers.mail.headers import decode_words
from wherein.ingest.readers.mail.stubs import MAX_STUB, is_stub
from wherein.ingest.readers.shared.attachments import file_name
from wherein.ingest.readers.shared.charset import charset_for_label, declared_in_page
from wherein.ingest.readers.shared.decode import AS_IS, Decoded, decode
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = [
    "PAGES",
    "TOO_DEEP",
    "Attachment",
    "Body",
    "PartText",
    "decode_part",
    "is_text",
    "join_texts",
    "leaves",
    "message_body",
    "part_text",
]

_GAP = "\n\n"
PAGES = ("text/html", "application/xhtml+xml")
_READABLE = ("text/plain", *PAGES)
_SIGNATURES = frozenset(
    f"application/{kind}" for kind in ("pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "pgp-keys")
)
_MAX_DEPTH = 50
TOO_DEEP = "the parts of the message are nested too deeply"
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
            raise Unreadable(TOO_DEEP) from None


@dataclass(frozen=True)
class Body:
    """The text of a message, with marks where its web pages have headings."""

    text: str
    marks: tuple[Mark, ...]
    attachments: tuple[Attachment, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartText:
    """The text of a part, with marks where a web page has headings, and notes on it."""

    text: str
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def message_body(message: Message, encoding: str = "") -> Body:
    """Return the text and the attachments of a message.

    Of alternatives the plain text is read, else the HTML; the HTML also where the plain text is a stub. `encoding` is
    the one that the user named.
    """
    texts: list[PartText] = []
    attachments: list[Attachment] = []
    for number, part in enumerate(leaves(message, encoding), 1):
        if is_text(part):
            texts.append(part_text(part, encoding))
        else:
            attachments.append(Attachment(_name(part, number), part))
    joined = join_texts(texts)
    return Body(joined.text, joined.marks, tuple(attachments), joined.notes, joined.doubts)


def join_texts(texts: Sequence[PartText]) -> PartText:
    """Return the texts as one, without the empty ones; each note is kept once."""
    pieces: list[str] = []
    marks: list[Mark] = []
    start = 0
    for text in texts:
        if text.text:
            pieces.append(text.text)
            marks += [Mark(start + mark.start, mark.page, mark.heading) for mark in text.marks]
            start += len(text.text) + len(_GAP)
    notes = dict.fromkeys(note for text in texts for note in text.notes)
    doubts = dict.fromkeys(doubt for text in texts for doubt in text.doubts)
    return PartText(_GAP.join(pieces), tuple(marks), tuple(notes), tuple(doubts))


def leaves(message: Message, encoding: str = "") -> Iterator[Message]:
    """Yield the parts that hold no other parts, of alternatives the one to read.

    A message inside the message is one part. Raises Unreadable when they are nested too deeply.
    """
    return _leaves(message, 0, partial(_choose_alternative, encoding))


def _leaves(message: Message, depth: int, choose: Callable[[list[Message], int], list[Message]]) -> Iterator[Message]:
    if depth > _MAX_DEPTH:
        raise Unreadable(TOO_DEEP)
    inner = message.get_payload()
    if not isinstance(inner, list) or message.get_content_type() == "message/rfc822":
        yield message
        return
    parts = [part for part in inner if isinstance(part, Message)]
    if message.get_content_type() == "multipart/alternative":
        parts = choose(parts, depth + 1)
    for part in parts:
        yield from _leaves(part, depth + 1, choose)


def _choose_alternative(encoding: str, parts: list[Message], depth: int) -> list[Message]:
    """Return the alternative to read, and after it the files in the other ones."""
    # Without a choice in the alternatives of alternatives, which would take time exponential in the depth.
    inside = [list(_leaves(part, depth, lambda parts, _: parts)) for part in parts]
    plain, plain_text = _alternative(inside, _is_plain, encoding)
    is_short = plain is None or len(plain_text) <= MAX_STUB
    page, page_text = _alternative(inside, _is_page, encoding) if is_short else (None, "")
    chosen = page if plain is None or is_stub(plain_text, page_text) else plain
    if chosen is None:
        return parts
    others = (leaf for number, held in enumerate(inside) if number != chosen for leaf in held)
    return [parts[chosen], *filter(_is_file, others)]


def _alternative(
    inside: list[list[Message]], is_kind: Callable[[Message], bool], encoding: str
) -> tuple[int | None, str]:
    """Return the number of the first alternative with text of a kind, and that text; files may come with it."""
    for number, held in enumerate(inside):
        text = _GAP.join(part_text(leaf, encoding).text for leaf in held if is_text(leaf) and is_kind(leaf))
        if text.strip():
            return number, text
    return None, ""


def _is_plain(part: Message) -> bool:
    return part.get_content_type() == "text/plain"


def _is_page(part: Message) -> bool:
    return part.get_content_type() in PAGES


def _is_file(part: Message) -> bool:
    """Whether a part is a file by itself, not a picture in a page."""
    is_picture = part.get_content_maintype() == "image" and part.get("Content-ID")
    return bool(part.get_filename()) and not is_picture


def is_text(part: Message) -> bool:
    """Whether a part is text to read, not a file."""
    kind = part.get_content_type()
    # A part that is declared as multipart but has no parts is read as plain text.
    readable = kind in _READABLE or kind.startswith("multipart/")
    return readable and part.get_content_disposition() != "attachment" and not _path(part).strip()


def _path(part: Message) -> str:
    """Return the name of the file in a part, which may be a path; "" when it is not a file."""
    return decode_words(str(part.get_filename() or ""))


def _name(part: Message, number: int) -> str:
    kind = part.get_content_type()
    return file_name(_path(part)) or f"part-{number}{_SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ''}"


def part_text(part: Message, encoding: str = "") -> PartText:
    """Return the text of a part, with marks where a web page has headings."""
    decoded = decode_part(part, encoding)
    if not _is_page(part):
        text = decoded.text
        return PartText(text.strip("\n") if text.strip() else "", notes=decoded.notes, doubts=decoded.doubts)
    try:
        document = decoded.annotate(page.read_markup(decoded.text))
    except Unreadable:
        return PartText("", notes=decoded.notes, doubts=decoded.doubts)
    return PartText(document.text, document.marks, document.notes, document.doubts)


def decode_part(part: Message, encoding: str = "") -> Decoded:
    """Return the text of a part without the bytes of pictures; it is empty when the part is binary."""
    name, data = part.get_content_charset() or "", _payload(part)
    is_page = _is_page(part)
    declared = charset_for_label(name) if name else declared_in_page(data) if is_page else None
    try:
        decoded = decode(data, encoding, declared)
    except Skipped:
        return AS_IS
    if is_page:  # its pictures are not text, and those that are shown as text are removed by its reader
        return decoded
    return replace(decoded, text=decoded.text.replace("\r\n", "\n").replace("\r", "\n")).without_pictures()


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""

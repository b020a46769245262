"""E-mail: a message as one document, its subject first; what is attached to it as documents of their own."""

import re
from collections.abc import Iterator
from email.message import Message
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.parts import Part, body_of, parsed
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance, TooMuch
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.keys import Keys
from wherein.ingest.readers.shared.members import DEPTH_LIMIT, allowance_of, counted, member
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.uri import display

__all__ = ["MEDIA_TYPE", "READER", "documents_of", "looks_like_mail", "read"]

MEDIA_TYPE = "message/rfc822"

_SUFFIXES = frozenset((".eml", ".mht", ".mhtml"))
_FIELD = rb"[!-9;-~]{1,76}:(?:[ \t].*|)"
_HEADERS = re.compile(rb"(?:%s\r?\n(?:[ \t].*\r?\n)*){2,}" % _FIELD)
_FIRST_FIELD = re.compile(_FIELD + rb"\r?\n")
_SENDER = re.compile(rb"^(?:from|return-path|sender):", re.IGNORECASE | re.MULTILINE)
_TRACE = re.compile(rb"^(?:date|message-id|received|mime-version|delivered-to):", re.IGNORECASE | re.MULTILINE)
_GAP = "\n\n"
_ENCRYPTED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted")


def looks_like_mail(head: bytes, suffix: str = "") -> bool:
    """Whether a file that begins with `head` begins with the header of a message: a sender, and a trace of its way.

    What is called a message need only begin with some field.
    """
    if suffix in _SUFFIXES and _FIRST_FIELD.match(head):
        return True
    block = _HEADERS.match(head)
    return bool(block and _SENDER.search(block[0]) and _TRACE.search(block[0]))


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the message and the documents that are attached to it; see `Reader` for the errors.

    A message without any text is skipped only when nothing is attached to it either.
    """
    allowance = allowance_of(stream, context)
    yield from documents_of(parsed(stream.read()), name, context, allowance)


def documents_of(
    message: Message, name: str, context: ReadContext, allowance: Allowance
) -> Iterator[Document | Problem]:
    """Yield the documents of one message; the key of the message itself is empty."""
    headers = Headers(message)
    body = body_of(message)
    attached, notes, limit = _attached(body.attachments, context, allowance)
    text, marks = _joined(headers.subject, body.text, body.marks)
    if text:
        title = headers.subject or name_as_title(name)
        yield Document(title, text, MEDIA_TYPE, "", headers.metadata, marks, (*body.notes, *notes))
    elif message.get_content_type() in _ENCRYPTED:
        raise Unreadable("the message is encrypted; save it decrypted")
    elif not attached:
        raise Skipped("no text")
    yield from attached
    if limit is not None:
        raise limit


def _joined(subject: str, body: str, marks: tuple[Mark, ...]) -> tuple[str, tuple[Mark, ...]]:
    """Return the text that a person sees: the subject over the body."""
    start = len(subject) + len(_GAP) if subject else 0
    shifted = tuple(Mark(start + mark.start, mark.page, mark.heading) for mark in marks)
    return _GAP.join(filter(None, (subject, body))), shifted if body else ()


def _attached(
    parts: tuple[Part, ...], context: ReadContext, allowance: Allowance
) -> tuple[list[Document | Problem], tuple[str, ...], TooMuch | None]:
    """Return the documents that are attached, a note for each attachment in which there is nothing to read, and the
    limit that was passed.
    """
    found: list[Document | Problem] = []
    notes: list[str] = []
    keys = Keys()
    for part in parts:
        key = keys.key(part.name)
        if context.depth > DEPTH_LIMIT:
            notes.append(f"attached and not read: {display(key)} (it lies too deep in other files)")
            continue
        if part.is_signature:
            notes.append(f"attached and not read: {display(key)} (a signature)")
            continue
        try:
            for item in member(key, counted(part.content(), allowance), context, allowance):
                if isinstance(item, Problem) and item.skipped:
                    notes.append(f"attached and not read: {display(item.key)} ({item.reason})")
                else:
                    found.append(item)
        except TooMuch as limit:
            return found, tuple(notes), limit
    return found, tuple(notes), None


READER = Reader("mail", 1, MEDIA_TYPE, read, read)

"""E-mail: a message as one document, its subject first, and each attachment as a document of its own."""

from collections.abc import Iterator
from email.message import Message
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.parts import Attachment, message_body, parse_message
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance, LimitExceeded
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.members import MAX_DEPTH, allowance_for, metered, read_member
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys
from wherein.uri import display

__all__ = ["MEDIA_TYPE", "READER", "read", "read_message"]

MEDIA_TYPE = "message/rfc822"

_GAP = "\n\n"
_ENCRYPTED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted")


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the message and its attachments; see `Reader` for the errors.

    A message without text is skipped unless it has attachments that are read.
    """
    allowance = allowance_for(stream, context)
    yield from read_message(parse_message(stream.read()), name, context, allowance)


def read_message(
    message: Message, name: str, context: ReadContext, allowance: Allowance
) -> Iterator[Document | Problem]:
    """Yield the message, whose key is empty, and its attachments; see `Reader` for the errors."""
    headers = Headers(message)
    body = message_body(message)
    # Before the message, which gets the notes about what is not read.
    attached, notes, exceeded = _read_attachments(body.attachments, context, allowance)
    text, marks = _join(headers.subject, body.text, body.marks)
    if text:
        title = headers.subject or name_as_title(name)
        yield Document(title, text, MEDIA_TYPE, "", headers.metadata, marks, (*body.notes, *notes))
    elif message.get_content_type() in _ENCRYPTED:
        raise Unreadable("the message is encrypted; save it decrypted")
    elif not attached:
        raise Skipped("no text")
    yield from attached
    if exceeded is not None:
        raise exceeded


def _join(subject: str, body: str, marks: tuple[Mark, ...]) -> tuple[str, tuple[Mark, ...]]:
    """Return the subject and the body as one text, and the marks of the body at their new offsets."""
    start = len(subject) + len(_GAP) if subject else 0
    shifted = tuple(Mark(start + mark.start, mark.page, mark.heading) for mark in marks)
    return _GAP.join(filter(None, (subject, body))), shifted if body else ()


def _read_attachments(
    attachments: tuple[Attachment, ...], context: ReadContext, allowance: Allowance
) -> tuple[list[Document | Problem], tuple[str, ...], LimitExceeded | None]:
    """Return the documents in the attachments, notes of those without text, and the error if a limit was exceeded."""
    items: list[Document | Problem] = []
    notes: list[str] = []
    keys = UniqueKeys()
    for attachment in attachments:
        key = keys.key(attachment.name)
        if context.depth > MAX_DEPTH:
            notes.append(f"attached and not read: {display(key)} (it lies too deep in other files)")
            continue
        if attachment.is_signature:
            notes.append(f"attached and not read: {display(key)} (a signature)")
            continue
        try:
            for item in read_member(key, metered(attachment.content(), allowance), context, allowance):
                if isinstance(item, Problem) and item.skipped:
                    notes.append(f"attached and not read: {display(item.key)} ({item.reason})")
                else:
                    items.append(item)
        except LimitExceeded as exceeded:
            return items, tuple(notes), exceeded
    return items, tuple(notes), None


READER = Reader("mail", 2, MEDIA_TYPE, read, read)

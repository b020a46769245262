"""E-mail: a message as one document, its subject first, and each attachment as a document of its own."""

from collections.abc import Iterator
from email.message import Message
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.mime import parse_message
from wherein.ingest.readers.mail.parts import PartText, join_texts, message_body
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.ingest.readers.shared.attachments import Attachments
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.members import allowance_for
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["MEDIA_TYPE", "READER", "read", "read_message"]

MEDIA_TYPE = "message/rfc822"

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
    body = message_body(message, context.encoding)
    # Before the message, which gets the notes about what is not read.
    attached = Attachments(context, allowance)
    attached.read(body.attachments)
    whole = join_texts((PartText(headers.subject), PartText(body.text, body.marks)))
    if whole.text:
        title = headers.title or name_as_title(name)
        notes = (*body.notes, *attached.notes)
        yield Document(title, whole.text, MEDIA_TYPE, "", headers.metadata, whole.marks, notes, body.doubts)
    elif message.get_content_type() in _ENCRYPTED:
        raise Unreadable("the message is encrypted; save it decrypted")
    elif not attached.items:
        raise Skipped("no text")
    yield from attached.items
    if attached.exceeded is not None:
        raise attached.exceeded


READER = Reader("mail", 7, MEDIA_TYPE, read, read, reads_pictures=True)

"""Outlook messages (.msg), read like the same messages in the form in which they are sent."""

import io
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.mail.message import MEDIA_TYPE, read_message
from wherein.ingest.readers.mail.mime import parse_message
from wherein.ingest.readers.mail.outlook_file import Storage
from wherein.ingest.readers.mail.outlook_rtf import unpacked
from wherein.ingest.readers.office.ole import open_ole
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.rtf import rtf_file
from wherein.ingest.readers.shared.members import allowance_for

__all__ = ["READER", "read"]

_SUBJECT, _BODY, _HTML, _RTF, _ID = "0037", "1000", "1013", "1009", "1035"
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_NAME, _ADDRESS, _SMTP = "3001", "3003", "39FE"
_LONG_FILE_NAME, _FILE_NAME, _CONTENT = "3707", "3704", "3701"
_SENT, _DELIVERED, _RECIPIENT_KIND = 0x0039, 0x0E06, 0x0C15
_RECIPIENT, _ATTACHMENT = "__recip_version1.0_", "__attach_version1.0_"
_FIELDS = {1: "To", 2: "Cc"}
_MAX_DEPTH = 5
# Outlook writes addresses of Exchange as paths in a directory.
_DIRECTORY = "/"


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the message and its attachments; see `Reader` for the errors."""
    allowance = allowance_for(stream, context)
    with open_ole(stream) as ole:
        data = _message(Storage(ole), 0).as_bytes(policy=SMTP.clone(max_line_length=None))
    yield from read_message(parse_message(data), name, context, allowance)


def _message(storage: Storage, depth: int) -> EmailMessage:
    message = EmailMessage()
    _set(message, "Subject", storage.text(_SUBJECT))
    _set(message, "Message-ID", storage.text(_ID))
    _set(message, "From", _person(storage, _SENDER_NAME, _SENDER_SMTP, _SENDER_ADDRESS))
    for number, field in _FIELDS.items():
        people = (person for person in storage.inside(_RECIPIENT) if person.number(_RECIPIENT_KIND) == number)
        _set(message, field, ", ".join(_person(person, _NAME, _SMTP, _ADDRESS) for person in people))
    time = storage.time(_SENT) or storage.time(_DELIVERED)
    _set(message, "Date", format_datetime(time) if time else "")
    _set_body(message, storage)
    if depth < _MAX_DEPTH:
        for attachment in storage.inside(_ATTACHMENT):
            _attach(message, attachment, depth)
    return message


def _set(message: EmailMessage, field: str, value: str) -> None:
    line = " ".join(value.split())
    if line:
        try:
            message[field] = line
        except (MessageError, ValueError, IndexError):
            return  # a field that cannot be written costs only itself


def _person(storage: Storage, name: str, *addresses: str) -> str:
    found = (storage.text(address) for address in addresses)
    address = next((text for text in found if text and not text.startswith(_DIRECTORY)), "")
    shown = " ".join(storage.text(name).split()).replace('"', "'")
    if not address.isascii():
        shown, address = shown or address, ""
    return formataddr((shown if shown != address else "", address)) if address else f'"{shown}"' if shown else ""


def _set_body(message: EmailMessage, storage: Storage) -> None:
    text, html = storage.text(_BODY), _html(storage)
    message.set_content(_sendable(text or _rtf_text(storage, html)))
    if html:
        message.add_alternative(_sendable(html), subtype="html")


def _html(storage: Storage) -> str:
    data = storage.data(_HTML)
    return data.decode(storage.internet_codec, "replace") if data else storage.text(_HTML)


def _rtf_text(storage: Storage, html: str) -> str:
    """Return the text of a message that has it as RTF alone."""
    packed = storage.data(_RTF)
    if not packed or html:
        return ""
    try:
        (document,) = rtf_file.read(io.BytesIO(unpacked(packed)), "")
    except Unreadable:
        return ""
    return document.text if isinstance(document, Document) else ""


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _attach(message: EmailMessage, attachment: Storage, depth: int) -> None:
    name = _sendable(" ".join((attachment.text(_LONG_FILE_NAME) or attachment.text(_FILE_NAME)).split()))
    inner = attachment.message()
    if inner:
        message.add_attachment(_message(inner, depth + 1), filename=name or None)
        return
    data = attachment.data(_CONTENT)
    if data is not None:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name or None)


READER = Reader("msg", 5, MEDIA_TYPE, read, read, reads_pictures=True)

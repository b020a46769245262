"""Mailboxes (mbox): each message one document, read one after another, so that the size of the file does not matter."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.message import MEDIA_TYPE, documents_of
from wherein.ingest.readers.mail.parts import parsed
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance, TooMuch
from wherein.ingest.readers.shared.keys import Keys
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["MESSAGE_LIMIT", "READER", "looks_like_mailbox", "read"]

MESSAGE_LIMIT = 64 << 20
"""The longest message that is read, in bytes."""

# The line that begins a message ends with a date; Thunderbird also writes the bare word.
_BEGIN = re.compile(rb"From (?:.*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*\d\d?:\d\d.*\b\d{4}\b.*)?\r?\n?\Z")
_FIELD = re.compile(rb">?[!-9;-~]{1,76}:")
_QUOTED = re.compile(rb">+From ")
_LINE = 1 << 20


def looks_like_mailbox(head: bytes) -> bool:
    """Whether a file that begins with `head` begins as a mailbox does."""
    first, _, rest = head.partition(b"\n")
    return bool(_BEGIN.match(first) and _FIELD.match(rest))


def read(
    stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT, limit: int = MESSAGE_LIMIT
) -> Iterator[Document | Problem]:
    """Yield each message and what is attached to it; see `Reader` for the errors.

    A message's key is its own id, which stays what it is when others are deleted; without one its number
    (`message-12`). One that is longer than `limit` bytes is a problem.
    """
    keys = Keys()
    number = 0
    for number, data in enumerate(_messages(stream, limit), 1):
        key = f"message-{number}"
        if data is None:
            yield Problem(key, f"message {number}: longer than {limit >> 20:,} MB")
            continue
        try:
            message = parsed(data)
            key = keys.key(Headers(message).id or key)
            for item in documents_of(message, key, context, context.allowance or Allowance(len(data))):
                yield replace(item, key=f"{key}/{item.key}" if item.key else key)
        except Unreadable as problem:
            if isinstance(problem, TooMuch) and context.allowance:
                raise
            yield Problem(key, f"message {number}: {problem}", skipped=isinstance(problem, Skipped))
    if not number:
        raise Skipped("no text")


def _messages(stream: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """Yield the bytes of each message; None for one that is longer than `limit` bytes."""
    message: bytearray | None = None
    began = False
    after_blank = True
    while line := stream.readline(_LINE):
        if after_blank and _BEGIN.match(line):
            if began:
                yield bytes(message) if message is not None else None
            message, began = bytearray(), True
        elif message is not None:
            message += line[1:] if _QUOTED.match(line) else line
            if len(message) > limit:
                message = None
        after_blank = line in (b"\n", b"\r\n")
    if began:
        yield bytes(message) if message is not None else None


READER = Reader("mbox", 1, MEDIA_TYPE, read, read, streaming=True)

"""Mailboxes (mbox): a document for each message, read one at a time, so that the size of the file does not matter."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.mail.headers import Headers
from wherein.ingest.readers.mail.kind import is_separator
from wherein.ingest.readers.mail.message import MEDIA_TYPE, read_message
from wherein.ingest.readers.mail.mime import parse_message, wide_codec
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import LimitExceeded
from wherein.ingest.readers.shared.decode import Decoded, open_text
from wherein.ingest.readers.shared.members import allowance_for
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys

__all__ = ["MESSAGE_LIMIT", "READER", "read"]

MESSAGE_LIMIT = 64 << 20
"""Bytes of the longest message that is read."""

_QUOTED = re.compile(rb">+From ")
_MAX_LINE = 1 << 20
_SAMPLE = 1 << 12


def read(
    stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT, limit: int = MESSAGE_LIMIT
) -> Iterator[Document | Problem]:
    """Yield each message and its attachments; see `Reader` for the errors.

    The key of a message is its id, which stays the same when others are deleted; without an id it is the number of the
    message (`message-12`). A message longer than `limit` bytes is a problem; so is one
    whose attachments exceed the allowance, and its own text is read.
    """
    allowance = allowance_for(stream, context)
    keys = UniqueKeys()
    number = 0
    for number, data in enumerate(_messages(stream, limit), 1):
        key = f"message-{number}"
        if data is None:
            yield Problem(key, f"message {number}: longer than {limit >> 20:,} MB")
            continue
        try:
            message = parse_message(data)
            key = keys.key(Headers(message).id or key)
            for item in read_message(message, key, context, allowance):
                yield replace(item, key=f"{key}/{item.key}" if item.key else key)
        except Unreadable as problem:
            if isinstance(problem, LimitExceeded) and context.depth:
                raise
            yield Problem(key, f"message {number}: {problem}", skipped=isinstance(problem, Skipped))
    if not number:
        raise Skipped("no text")


def _messages(stream: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """Yield the bytes of each message; None for one that is longer than `limit` bytes."""
    message: bytearray | None = None
    is_open = False
    after_blank = True
    for line, following in _lines(stream):
        if after_blank and is_separator(line, following):  # elsewhere a line may begin with "From " as well
            if is_open:
                yield bytes(message) if message is not None else None
            message, is_open = bytearray(), True
        elif message is not None:
            message += line[1:] if _QUOTED.match(line) else line
            if len(message) > limit:
                message = None  # the rest, up to the next separator, is passed over
        after_blank = line in (b"\n", b"\r\n")
    if is_open:
        yield bytes(message) if message is not None else None


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield each line with the one after it, without a byte order mark."""
    following = iter(_narrow_lines(stream))
    line = next(following, b"").removeprefix(BOM_UTF8)
    while line:
        after = next(following, b"")
        yield line, after
        line = after


def _narrow_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, as UTF-8 where the mailbox is UTF-16 or UTF-32."""
    head = stream.read(_SAMPLE)
    stream.seek(0)
    codec = wide_codec(head)
    if not codec:
        yield from iter(lambda: stream.readline(_MAX_LINE), b"")
        return
    with open_text(stream, Decoded("", codec=codec), newline="\n") as text:
        lines = iter(lambda: text.readline(_MAX_LINE), "")
        yield from (line.removeprefix("\ufeff").encode() for line in lines)


READER = Reader("mbox", 7, MEDIA_TYPE, read, read, streaming=True, reads_pictures=True)

"""Files inside a file: members of an archive, attachments of a message. Each is read by the reader for its content.

A member is unpacked into memory, or past 8 MB into a temporary file without a name. Its own name never becomes a path
on the disk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.allowance import Allowance, LimitExceeded
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.sources.left_out import LEFT_OUT

__all__ = [
    "MAX_DEPTH",
    "MEMBER_LIMIT",
    "allowance_for",
    "check_depth",
    "is_ignored",
    "metered",
    "read_content",
    "read_member",
]

MAX_DEPTH = 2
"""How many files may enclose an archive that is read."""

MEMBER_LIMIT = 64 << 20
"""Bytes that a member may have, unless its reader is streaming."""

_IN_MEMORY = 8 << 20


def allowance_for(stream: BinaryIO, context: ReadContext) -> Allowance:
    """Return what may still be unpacked of the outermost file; `stream` is at its start and is left there."""
    if context.allowance is not None:
        return context.allowance
    size = stream.seek(0, 2)
    stream.seek(0)
    return Allowance(size)


def check_depth(context: ReadContext) -> None:
    """Raise Unreadable for an archive that is nested too deeply in others."""
    if context.depth > MAX_DEPTH:
        raise Unreadable("nested too deeply in other archives; unpack it first")


def is_ignored(name: str) -> bool:
    """Whether a walk through a folder would pass over a file of that name: hidden, or in a folder that tools make."""
    steps = (step for step in PurePosixPath(name).parts if step != "..")
    return any(step in LEFT_OUT or step == "__MACOSX" or step.startswith(".") for step in steps)


def read_member(
    key: str, pieces: Iterable[bytes], context: ReadContext, allowance: Allowance
) -> Iterator[Document | Problem]:
    """Yield the documents of a member whose bytes are `pieces`, or why it is not read. Raises LimitExceeded."""
    allowance.take_member()
    try:
        for item in read_content(key, pieces, replace(context, depth=context.depth + 1, allowance=allowance)):
            yield replace(item, key=f"{key}/{item.key}" if item.key else key)
    except LimitExceeded:
        raise
    except Unreadable as problem:
        yield Problem(key, str(problem), skipped=isinstance(problem, Skipped))


def read_content(name: str, pieces: Iterable[bytes], context: ReadContext) -> Iterator[Document | Problem]:
    """Yield what the reader for the bytes in `pieces` yields; see `Reader` for the errors.

    When `pieces` exceeds a limit, a streaming reader reads what comes before the limit; then LimitExceeded is raised.
    """
    from wherein.ingest.readers.choose import choose  # it imports every reader, also those that import this module

    rest = iter(pieces)
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        stream = cast(BinaryIO, file)  # it has all that readers use of a stream
        exceeded = _fill(stream, rest, MEMBER_LIMIT)
        is_whole = stream.tell() <= MEMBER_LIMIT  # `_fill` stops once it is over the limit
        if exceeded is not None and not stream.tell():  # the limit was reached before: nothing of it was unpacked
            raise exceeded
        stream.seek(0)
        reader = choose(name, stream, context)
        if not is_whole and not reader.streaming:
            raise Unreadable(f"larger than {MEMBER_LIMIT >> 20:,} MB when unpacked; unpack it to read it")
        if exceeded is not None and not reader.streaming:
            raise exceeded
        stream.seek(0, 2)
        exceeded = exceeded or _fill(stream, rest, None)
        stream.seek(0)
        yield from reader.read(stream, name)
    if exceeded is not None:
        raise exceeded


def metered(pieces: Iterable[bytes], allowance: Allowance) -> Iterator[bytes]:
    """Yield the pieces and charge them to the allowance. Raises LimitExceeded."""
    for piece in pieces:
        allowance.take(len(piece))
        yield piece


def _fill(stream: BinaryIO, pieces: Iterator[bytes], limit: int | None) -> LimitExceeded | None:
    """Write pieces to the stream until it has more than `limit` bytes.

    Returns the error when the allowance of the outermost file runs out before that.
    """
    try:
        for piece in pieces:
            stream.write(piece)
            if limit is not None and stream.tell() > limit:
                return None
    except LimitExceeded as exceeded:
        return exceeded
    return None

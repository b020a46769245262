"""Files inside a file: members of an archive, attachments of a message. Each is read by the reader for its content.

A member is unpacked into memory, or past 8 MB into a file without a name; what it is called is no path on the disk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.allowance import Allowance, TooMuch
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.sources.files import LEFT_OUT

__all__ = [
    "DEPTH_LIMIT", "MEMBER_LIMIT", "allowance_of", "content", "counted", "is_left_out", "member",
    "refuse_depth",
]  # fmt: skip

DEPTH_LIMIT = 2
"""How many files may lie around an archive that is read."""

MEMBER_LIMIT = 64 << 20
"""How many bytes a member may have, unless its reader reads it piece by piece."""

_IN_MEMORY = 8 << 20
_TOO_DEEP = "it lies too deep in other archives; unpack it first"


def allowance_of(stream: BinaryIO, context: ReadContext) -> Allowance:
    """Return what may still be unpacked of the outermost file; `stream` is at its start and is left there."""
    if context.allowance is not None:
        return context.allowance
    size = stream.seek(0, 2)
    stream.seek(0)
    return Allowance(size)


def refuse_depth(context: ReadContext) -> None:
    """Raise Unreadable for an archive that lies too deep in others."""
    if context.depth > DEPTH_LIMIT:
        raise Unreadable(_TOO_DEEP)


def is_left_out(name: str) -> bool:
    """Whether a folder's walk would pass over a file of that name: hidden, or in a folder of tools' leavings."""
    steps = (step for step in PurePosixPath(name).parts if step != "..")
    return any(step in LEFT_OUT or step == "__MACOSX" or step.startswith(".") for step in steps)


def member(
    key: str, pieces: Iterable[bytes], context: ReadContext, allowance: Allowance
) -> Iterator[Document | Problem]:
    """Yield the documents of a member, or why it is not read; `pieces` are its bytes. Raises TooMuch."""
    allowance.take_member()
    try:
        for item in content(key, pieces, replace(context, depth=context.depth + 1, allowance=allowance)):
            yield replace(item, key=f"{key}/{item.key}" if item.key else key)
    except TooMuch:
        raise
    except Unreadable as problem:
        yield Problem(key, str(problem), skipped=isinstance(problem, Skipped))


def content(name: str, pieces: Iterable[bytes], context: ReadContext) -> Iterator[Document | Problem]:
    """Yield what the reader for some bytes finds; see `Reader` for the errors.

    When more than is allowed is in `pieces`, what came before that is read, and then TooMuch is raised.
    """
    from wherein.ingest.readers.choose import choose  # imports every reader, those that import this module included

    waiting = iter(pieces)
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        stream = cast(BinaryIO, file)  # it has all that readers use of a stream
        limit = _fill(stream, waiting, MEMBER_LIMIT)
        is_whole = stream.tell() <= MEMBER_LIMIT
        if limit is not None and not stream.tell():
            raise limit
        stream.seek(0)
        reader = choose(name, stream, context)
        if not is_whole and not reader.streaming:
            raise Unreadable(f"larger than {MEMBER_LIMIT >> 20:,} MB, unpacked; unpack it to read it")
        if limit is not None and not reader.streaming:
            raise limit
        stream.seek(0, 2)
        limit = limit or _fill(stream, waiting, None)
        stream.seek(0)
        yield from reader.read(stream, name)
    if limit is not None:
        raise limit


def counted(pieces: Iterable[bytes], allowance: Allowance) -> Iterator[bytes]:
    """Yield pieces that count as unpacked. Raises TooMuch."""
    for piece in pieces:
        allowance.take(len(piece))
        yield piece


def _fill(stream: BinaryIO, pieces: Iterator[bytes], limit: int | None) -> TooMuch | None:
    """Write pieces to the stream until it has more than `limit` bytes; return the limit of the whole file it hit."""
    try:
        for piece in pieces:
            stream.write(piece)
            if limit is not None and stream.tell() > limit:
                return None
    except TooMuch as problem:
        return problem
    return None

"""Files inside a file: members of an archive, attachments of a message. Each is read by the reader for its content.

A member is unpacked into memory, or past 8 MB into a file without a name; what it is called is no path on the disk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from errors import Unreadable
from ingest.document import Document, Problem
from ingest.readers.allowance import Allowance, TooMuch
from ingest.readers.decode import clean
from ingest.readers.reader import Given
from ingest.readers.skipped import Skipped
from ingest.walk import LEFT_OUT

__all__ = ["DEPTH_LIMIT", "MEMBER_LIMIT", "Keys", "allowance_of", "is_left_out", "member", "refuse_depth"]

DEPTH_LIMIT = 2
"""How many files may lie around an archive that is read."""

MEMBER_LIMIT = 64 << 20
"""How many bytes a member may have, unless its reader reads it piece by piece."""

_IN_MEMORY = 8 << 20
_LONGEST_NAME = 1_000
_TOO_DEEP = "it lies too deep in other archives; unpack it first"


class Keys:
    """Gives each member a key of its own: its name, and where that is taken, a number behind it."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def key(self, name: str) -> str:
        """Return the key for the next member that is called so."""
        plain = clean(name).strip("/")[:_LONGEST_NAME] or "unnamed"
        key = plain
        while key in self._times:
            self._times[plain] += 1
            key = f"{plain} ({self._times[plain]})"
        self._times[key] = 1
        return key


def allowance_of(stream: BinaryIO, given: Given) -> Allowance:
    """Return what may still be unpacked of the outermost file; `stream` is at its start and is left there."""
    if given.allowance is not None:
        return given.allowance
    size = stream.seek(0, 2)
    stream.seek(0)
    return Allowance(size)


def refuse_depth(given: Given) -> None:
    """Raise Unreadable for an archive that lies too deep in others."""
    if given.depth > DEPTH_LIMIT:
        raise Unreadable(_TOO_DEEP)


def is_left_out(name: str) -> bool:
    """Whether a folder's walk would pass over a file of that name: hidden, or in a folder of tools' leavings."""
    steps = (step for step in PurePosixPath(name).parts if step != "..")
    return any(step in LEFT_OUT or step == "__MACOSX" or step.startswith(".") for step in steps)


def member(
    key: str, pieces: Iterable[bytes], given: Given, allowance: Allowance, *, counted: bool = True
) -> Iterator[Document | Problem]:
    """Yield the documents of a member, or why it is not read; `pieces` are its bytes.

    `counted` tells that the bytes do not count against the allowance already. Raises TooMuch.
    """
    allowance.take_member()
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        # A spooled file has all that readers use of a stream.
        stream = cast(BinaryIO, file)
        try:
            yield from _documents(key, iter(pieces), stream, given, allowance if counted else None, allowance)
        except TooMuch:
            raise
        except Unreadable as problem:
            yield Problem(key, str(problem), skipped=isinstance(problem, Skipped))


def _documents(
    key: str, pieces: Iterator[bytes], stream: BinaryIO, given: Given, counting: Allowance | None, allowance: Allowance
) -> Iterator[Document | Problem]:
    from ingest.readers import choose  # which knows every reader, those that come here too

    is_whole = _fill(stream, pieces, counting, MEMBER_LIMIT)
    reader = choose(key, stream, replace(given, depth=given.depth + 1, allowance=allowance))
    if not is_whole and not reader.by_part:
        raise Unreadable(f"larger than {MEMBER_LIMIT / 1e6:,.0f} MB, unpacked; unpack it to read it")
    stream.seek(0, 2)
    _fill(stream, pieces, counting, None)
    for item in reader.read(stream, key):
        yield replace(item, key=f"{key}/{item.key}" if item.key else key)


def _fill(stream: BinaryIO, pieces: Iterator[bytes], counting: Allowance | None, limit: int | None) -> bool:
    """Write pieces to the stream, and rewind it; return whether that was all, False past `limit` bytes."""
    for piece in pieces:
        if counting is not None:
            counting.take(len(piece))
        stream.write(piece)
        if limit is not None and stream.tell() > limit:
            stream.seek(0)
            return False
    stream.seek(0)
    return True

"""tar archives, compressed or not: each member is read by the reader for its content, in one pass."""

import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, BinaryIO, cast

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.ingest.readers.shared.members import allowance_for, check_depth, is_ignored, read_member
from wherein.ingest.readers.shared.reasons import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys

__all__ = ["READER", "read", "read_members"]

_BLOCK = 512
_STEP = 1 << 16
_MAX_HEADER = 8 << 20
_BROKEN = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError, OSError)


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the documents of all members, or the problems with them; see `Reader` for the errors."""
    yield from read_members(iter(lambda: stream.read(_STEP), b""), context, allowance_for(stream, context))


def read_members(pieces: Iterable[bytes], context: ReadContext, allowance: Allowance) -> Iterator[Document | Problem]:
    """Yield the documents of all members of the archive whose bytes are `pieces`; see `read`."""
    check_depth(context)
    keys = UniqueKeys()
    count = 0
    source = _ForwardStream(pieces)
    for archive, info in _infos(source):
        if info.isdir() or info.islnk() or info.issym() or is_ignored(info.name):
            continue
        count += 1
        key = keys.key(info.name)
        if not info.isreg() or info.issparse():
            yield Problem(key, "sparse file" if info.issparse() else "not a regular file", skipped=True)
            continue
        yield from read_member(key, _content(archive, info), context, allowance)
    if source.last.strip(b"\0"):
        # For tarfile an invalid header is the end of the archive: the damage would go unnoticed.
        raise Unreadable(f"{DAMAGED}; what precedes the damage was read")
    if not count:
        raise Skipped("no files in it")


def _infos(source: "_ForwardStream") -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    try:
        archive = tarfile.TarFile(fileobj=cast(IO[bytes], source), mode="r")
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error
    while True:
        try:
            info = archive.next()
        except _BROKEN as error:
            raise Unreadable(f"{DAMAGED}; what precedes the damage was read") from error
        if info is None:
            return
        archive.members = []  # type: ignore[attr-defined]  # it would keep every member in memory
        yield archive, info


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        file = archive.extractfile(info)
        while file is not None and (piece := file.read(_STEP)):
            yield piece
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error


class _ForwardStream:
    """A file made of pieces that can only be read forward. `last` holds the bytes of the last read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.last = b""
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._offset = 0

    def tell(self) -> int:
        return self._offset

    def read(self, size: int) -> bytes:
        if size > _MAX_HEADER:
            raise Unreadable("a header is far too long")
        parts: list[bytes] = []
        while size > 0 and self._has_more():
            part = self._rest[:size]
            parts.append(bytes(part))
            size -= len(part)
            self._advance(len(part))
        self.last = b"".join(parts)
        return self.last

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self._offset:
            raise OSError("this file can only be read forward")
        while self._offset < offset and self._has_more():
            self._advance(min(len(self._rest), offset - self._offset))
        return self._offset

    def _advance(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._offset += count

    def _has_more(self) -> bool:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._rest = memoryview(piece)
        return True


READER = Reader("tar", 3, "", read, read, streaming=True, reads_pictures=True)

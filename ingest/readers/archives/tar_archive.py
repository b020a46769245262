"""tar archives, compressed or not: each file in it is read by the reader for its content, in one pass."""

import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, BinaryIO, cast

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.ingest.readers.shared.keys import Keys
from wherein.ingest.readers.shared.members import allowance_of, is_left_out, member, refuse_depth
from wherein.ingest.readers.shared.package import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "is_tar", "members", "read"]

_BLOCK = 512
_STEP = 1 << 16
_HEADER_LIMIT = 8 << 20
_BROKEN = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError, OSError)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins with `head` begins with the header of a member, whose checksum is right."""
    if len(head) < _BLOCK or not head.strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
    except (*_BROKEN, IndexError):
        return False
    return True


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the documents of all members, or why one is not read; see `Reader` for the errors."""
    yield from members(iter(lambda: stream.read(_STEP), b""), context, allowance_of(stream, context))


def members(pieces: Iterable[bytes], context: ReadContext, allowance: Allowance) -> Iterator[Document | Problem]:
    """Yield the documents of all members of the archive whose bytes are `pieces`."""
    refuse_depth(context)
    keys = Keys()
    found = 0
    source = _Forward(pieces)
    for archive, info in _infos(source):
        if info.isdir() or info.islnk() or info.issym() or is_left_out(info.name):
            continue
        found += 1
        key = keys.key(info.name)
        if not info.isreg() or info.issparse():
            yield Problem(key, "a sparse file" if info.issparse() else "not a regular file", skipped=True)
            continue
        yield from member(key, _content(archive, info), context, allowance)
    if source.last.strip(b"\0"):
        # A header that is no header ends the archive for tarfile, and nobody would know.
        raise Unreadable(f"{DAMAGED}; what comes before that is in")
    if not found:
        raise Skipped("no files in it")


def _infos(source: "_Forward") -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    try:
        archive = tarfile.TarFile(fileobj=cast(IO[bytes], source), mode="r")
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error
    while True:
        try:
            info = archive.next()
        except _BROKEN as error:
            raise Unreadable(f"{DAMAGED}; what comes before that is in") from error
        if info is None:
            return
        archive.members = []  # type: ignore[attr-defined]  # it would remember every one of them
        yield archive, info


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        file = archive.extractfile(info)
        while file is not None and (piece := file.read(_STEP)):
            yield piece
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error


class _Forward:
    """A file made of pieces that can only go on. `last` is what was read last."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.last = b""
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._place = 0

    def tell(self) -> int:
        return self._place

    def read(self, size: int) -> bytes:
        if size > _HEADER_LIMIT:
            raise Unreadable("a header in it is far too long")
        parts: list[bytes] = []
        while size > 0 and self._more():
            part = self._rest[:size]
            parts.append(bytes(part))
            size -= len(part)
            self._go(len(part))
        self.last = b"".join(parts)
        return self.last

    def seek(self, place: int, whence: int = 0) -> int:
        if whence or place < self._place:
            raise OSError("this file can only be read on")
        while self._place < place and self._more():
            self._go(min(len(self._rest), place - self._place))
        return self._place

    def _go(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._place += count

    def _more(self) -> bool:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._rest = memoryview(piece)
        return True


READER = Reader("tar", 1, "", read, read, streaming=True)

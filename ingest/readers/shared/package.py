"""A ZIP file that holds the parts of one document, unpacked within limits."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from struct import error as StructError
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from wherein.errors import Unreadable

__all__ = [
    "DAMAGED",
    "ENCRYPTED",
    "UNPACKED_LIMIT",
    "Package",
    "opened_package",
    "opened_zip",
    "unpacked",
]

UNPACKED_LIMIT = 256 << 20
"""How many bytes are unpacked of one document at most."""

DAMAGED = "it is damaged or cut short"
ENCRYPTED = "it is encrypted; save it without a password"

# What zipfile raises for a file that is damaged.
_BROKEN = (BadZipFile, zlib.error, EOFError, StructError, ValueError, OverflowError, RuntimeError, OSError)
_RATIO_LIMIT = 200
_RATIO_GRACE = 16 << 20
_DIRECTORY_LIMIT = 8 << 20
_STEP = 1 << 16


class _Guarded:
    """A stream that refuses to read a list of members that would fill the memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1, /) -> bytes:
        if size > _DIRECTORY_LIMIT:
            raise Unreadable("it has too many members")
        return self._stream.read(size)


class Package:
    """The parts of a document by name; how they are spelt (case, backslashes) does not matter, as in Office."""

    def __init__(self, archive: ZipFile, size: int) -> None:
        self._archive = archive
        self._members = {_plain(member.filename): member for member in archive.infolist()}
        self._left = min(UNPACKED_LIMIT, max(_RATIO_GRACE, _RATIO_LIMIT * size))

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._members

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a part piece by piece. Raises Unreadable: missing, damaged, encrypted, too much."""
        member = self._members.get(_plain(name))
        if member is None:
            raise Unreadable(f"{DAMAGED}: it lacks {_shown(name)}")
        if member.flag_bits & 1:
            raise Unreadable(ENCRYPTED)
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            # The others unpack without a limit, and no document may use them.
            raise Unreadable(f"{_shown(name)} in it is compressed in a way that is not known for such documents")
        yield from self._unpacked(member)

    def read(self, name: str) -> bytes:
        """Return the whole of a part; see `chunks`."""
        return b"".join(self.chunks(name))

    def _unpacked(self, member: ZipInfo) -> Iterator[bytes]:
        try:
            with self._archive.open(member) as part:
                while piece := part.read(_STEP):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise Unreadable("it unpacks to far more than such a document has (a ZIP bomb?)")
                    yield piece
        except _BROKEN as error:
            raise Unreadable(f"{DAMAGED}: {_shown(member.filename)} cannot be unpacked") from error


@contextmanager
def opened_zip(stream: BinaryIO) -> Iterator[ZipFile]:
    """Open a ZIP file. Raises Unreadable when its list of members is damaged or too long."""
    try:
        archive = ZipFile(_Guarded(stream))
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error
    with archive:
        yield archive


@contextmanager
def opened_package(stream: BinaryIO) -> Iterator[Package]:
    """Open a ZIP file as a package. Raises Unreadable when its list of members is damaged."""
    with opened_zip(stream) as archive:
        yield Package(archive, stream.seek(0, 2))


def unpacked(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    """Yield the content of a member piece by piece. Raises Unreadable: encrypted, damaged, packed in another way."""
    if member.flag_bits & 1:
        raise Unreadable(ENCRYPTED)
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        # The others unpack without a limit.
        raise Unreadable("it is compressed in a way that is not known")
    try:
        with archive.open(member) as part:
            while piece := part.read(_STEP):
                yield piece
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _shown(name: str) -> str:
    return name[:80] if name.isprintable() else ascii(name[:80])

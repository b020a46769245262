"""ZIP files, and packages: ZIP files that hold the parts of one document. Both are unpacked within limits."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from struct import error as StructError
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.ingest.readers.shared.reasons import DAMAGED, ENCRYPTED

__all__ = ["UNPACKED_LIMIT", "Package", "open_package", "open_zip", "unpack_member"]

UNPACKED_LIMIT = 256 << 20
"""Bytes unpacked of one document at most."""

# What zipfile raises for a file that is damaged.
_BROKEN = (BadZipFile, zlib.error, EOFError, StructError, ValueError, OverflowError, RuntimeError, OSError)
_RATIO_LIMIT = 200
_RATIO_GRACE = 16 << 20
_DIRECTORY_LIMIT = 8 << 20
_STEP = 1 << 16
_MAX_SHOWN = 80


class _GuardedStream:
    """A stream that refuses to read a list of members that would fill the memory; `zipfile` reads it in one piece."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1, /) -> bytes:
        if size > _DIRECTORY_LIMIT:
            raise Unreadable("too many members")
        return self._stream.read(size)


class Package:
    """The parts of a document by name. As in Office, case and backslashes in names do not matter.

    What is unpacked is also charged to the `allowance` of the outermost file.
    """

    def __init__(self, archive: ZipFile, size: int, allowance: Allowance | None = None) -> None:
        self._allowance = allowance
        self._archive = archive
        self._members = {_normalized(member.filename): member for member in archive.infolist()}
        self._bytes_left = min(UNPACKED_LIMIT, max(_RATIO_GRACE, _RATIO_LIMIT * size))

    def __contains__(self, name: str) -> bool:
        return _normalized(name) in self._members

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the parts, in lower case."""
        return iter(self._members)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a part piece by piece.

        Raises Unreadable when the part is missing, damaged, encrypted or too large, LimitExceeded when the allowance of
        the outermost file runs out.
        """
        member = self._members.get(_normalized(name))
        if member is None:
            raise Unreadable(f"{DAMAGED}: {_printable(name)} is missing")
        # Counted while unpacking: the sizes that a ZIP file states may be wrong.
        for piece in unpack_member(self._archive, member, _printable(name)):
            self._bytes_left -= len(piece)
            self.check()
            if self._allowance is not None:
                self._allowance.take(len(piece))
            yield piece

    def check(self) -> None:
        """Raise Unreadable when more was unpacked than a document may hold."""
        if self._bytes_left < 0:
            raise Unreadable("unpacks to far more than such a document holds (a ZIP bomb?)")

    def read(self, name: str) -> bytes:
        """Return the whole of a part; see `chunks`."""
        return b"".join(self.chunks(name))


@contextmanager
def open_zip(stream: BinaryIO) -> Iterator[ZipFile]:
    """Open a ZIP file. Raises Unreadable when its list of members is damaged or too long."""
    try:
        archive = ZipFile(_GuardedStream(stream))
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error
    with archive:
        yield archive


@contextmanager
def open_package(stream: BinaryIO, allowance: Allowance | None = None) -> Iterator[Package]:
    """Open a ZIP file as a package. Raises Unreadable when its list of members is damaged or too long."""
    with open_zip(stream) as archive:
        yield Package(archive, stream.seek(0, 2), allowance)


def unpack_member(archive: ZipFile, member: ZipInfo, label: str = "") -> Iterator[bytes]:
    """Yield the content of a member piece by piece.

    Raises Unreadable when it is encrypted, damaged or compressed by another method than deflate; a `label` names the
    member in the message.
    """
    suffix = f": {label}" if label else ""
    if member.flag_bits & 1:
        raise Unreadable(ENCRYPTED)
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        # zipfile unpacks the other methods without a bound on what one step returns.
        raise Unreadable(f"unsupported compression method{suffix}")
    try:
        with archive.open(member) as part:
            while piece := part.read(_STEP):
                yield piece
    except _BROKEN as error:
        raise Unreadable(f"{DAMAGED}{suffix}") from error


def _normalized(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _printable(name: str) -> str:
    return name[:_MAX_SHOWN] if name.isprintable() else ascii(name[:_MAX_SHOWN])

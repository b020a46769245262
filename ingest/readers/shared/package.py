"""A ZIP file that holds the parts of one document: which kind of document it is, and its parts, with limits."""

import re
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
    "ZIP_MAGIC",
    "Package",
    "kind_of_zip",
    "opened_package",
    "opened_zip",
    "unpacked",
]

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""A ZIP file begins with one of these; with the second one it is empty."""

UNPACKED_LIMIT = 256 << 20
"""How many bytes are unpacked of one document at most."""

DAMAGED = "it is damaged or cut short"
ENCRYPTED = "it is encrypted; save it without a password"

# What zipfile raises for a file that is damaged.
_BROKEN = (BadZipFile, zlib.error, EOFError, StructError, ValueError, OverflowError, RuntimeError, OSError)
_RATIO_LIMIT = 200
_RATIO_GRACE = 16 << 20
_DIRECTORY_LIMIT = 8 << 20
_TYPES_LIMIT = 4 << 20
_STEP = 1 << 16

_BY_MEDIA_TYPE = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.graphics": "odp",
}
# The content type of the main part, be it a document, a template or a slide show, with macros or without.
_MAIN_PARTS = re.compile(
    rb"""ContentType\s*=\s*["']application/vnd\.(?:
        (?P<docx>openxmlformats-officedocument\.wordprocessingml\.(?:document|template)
               | ms-word\.(?:document|template)\.macroEnabled(?:Template)?)
      | (?P<pptx>openxmlformats-officedocument\.presentationml\.(?:presentation|slideshow|template)
               | ms-powerpoint\.(?:presentation|slideshow|template)\.macroEnabled)
      | (?P<xlsx>openxmlformats-officedocument\.spreadsheetml\.(?:sheet|template)
               | ms-excel\.(?:sheet|template)\.macroEnabled)
      | (?P<xlsb>ms-excel\.sheet\.binary\.macroEnabled)
    )\.main(?:\+xml)?["']""",
    re.VERBOSE | re.IGNORECASE,
)


# What has one of these is one document and no archive of files, also when it lacks what tells its kind.
_PARTS_OF_ONE = ("_rels/.rels", "META-INF/manifest.xml", "META-INF/container.xml")


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


def kind_of_zip(stream: BinaryIO) -> str | None:
    """Say what a ZIP file is: docx, pptx, xlsx, xlsb, odt, ods, odp or epub; None for an archive of files.

    `other` is a document of another kind, such as a drawing of Visio.

    What is inside decides, and templates and files with macros count as what they are made for. Drawings (ODG)
    are read like presentations. Leaves the stream at its start. Raises Unreadable when the file is damaged.
    """
    with opened_package(stream) as package:
        kind = _kind(package)
    stream.seek(0)
    return kind


def _kind(package: Package) -> str | None:
    if "mimetype" in package:
        declared = _start(package, "mimetype", 200).decode("latin-1").strip("\ufeff\r\n\t ").lower()
        return _BY_MEDIA_TYPE.get(re.sub("-(?:template|master|web)$", "", declared), "other")
    if "[Content_Types].xml" in package:
        found = _MAIN_PARTS.search(_start(package, "[Content_Types].xml", _TYPES_LIMIT))
        return found.lastgroup if found else "other"
    if "META-INF/container.xml" in package and _lists_a_book(package):
        return "epub"
    return "other" if any(part in package for part in _PARTS_OF_ONE) else None


def _lists_a_book(package: Package) -> bool:
    return b"application/oebps-package+xml" in _start(package, "META-INF/container.xml", _TYPES_LIMIT)


def _start(package: Package, name: str, size: int) -> bytes:
    """Return at least the first `size` bytes of a part, if it has as many."""
    found = b""
    for piece in package.chunks(name):
        found += piece
        if len(found) >= size:
            break
    return found


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _shown(name: str) -> str:
    return name[:80] if name.isprintable() else ascii(name[:80])

"""OLE containers, read by olefile: old Office files, and new ones with a password."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from struct import error as StructError
from struct import unpack_from
from typing import Any, BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.properties import Properties, own_title
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.code_pages import codec_of_page
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.reasons import DAMAGED, ENCRYPTED
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["OLE_MAGIC", "OleFile", "ole_module", "ole_reader", "open_ole"]

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# The streams that identify the kind of file. Its directory has entries of 128 bytes that begin with the name.
_ENTRY_SIZE = 128
_MODULES = {
    "WordDocument": "office.doc",
    "Workbook": "office.xls",
    "Book": "office.xls",
    "PowerPoint Document": "office.ppt",
    "__properties_version1.0": "mail.outlook",
}
_REFUSED = {
    "VisioDocument": "Visio drawing; save it as .pdf",
    "Quill": "Publisher document; save it as .pdf",
    "\x05HwpSummaryInformation": "Hangul document; save it as .docx",
    "MatOST": "Works document; save it as .docx",
}
_ENCRYPTED = "EncryptedPackage"
_HEADER = 512
_SECTOR_SIZES = slice(30, 34)  # as powers of two: 512 or 4,096 bytes, and 64 for small streams
_KNOWN_SIZES = (b"\x09\0\x06\0", b"\x0c\0\x06\0")
_COUNTS = (40, 44, 64, 72)  # where the header counts the sectors of the directory and of the tables
_STEP = 1 << 20  # a multiple of the entry's size, so that no entry lies across two steps
# What olefile raises for a file that is damaged.
_BROKEN = (
    OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, StructError, RecursionError, OverflowError,
)  # fmt: skip


def ole_module(stream: BinaryIO) -> str:
    """Return the module of the reader for a file that begins with `OLE_MAGIC`.

    Raises Unreadable or Skipped where there is none.
    """
    offsets = _entry_offsets(stream, (_ENCRYPTED, *_MODULES, *_REFUSED))
    if _ENCRYPTED in offsets:
        raise Unreadable(ENCRYPTED)
    first = min(offsets, key=lambda name: offsets[name], default="")
    if first not in _MODULES:
        raise Skipped(_REFUSED.get(first, "binary file (old Office document)"))
    return _MODULES[first]


def _entry_offsets(stream: BinaryIO, names: tuple[str, ...]) -> dict[str, int]:
    """Return the offset of the first entry of each of the names that occur."""
    encoded_names = {name: (name + "\0").encode("utf-16-le") for name in names}
    offsets: dict[str, int] = {}
    start = 0
    while data := stream.read(_STEP):
        for name, encoded in encoded_names.items():
            offset = data.find(encoded)
            while offset >= 0 and offset % _ENTRY_SIZE:
                offset = data.find(encoded, offset + 1)
            if offset >= 0:
                offsets.setdefault(name, start + offset)
        start += len(data)
    stream.seek(0)
    return offsets


class OleFile:
    """The streams of an open container by name."""

    def __init__(self, file: Any, size: int) -> None:
        self._file = file
        self._size = size

    def __contains__(self, name: str) -> bool:
        return bool(self._file.exists(name))

    def read(self, name: str) -> bytes:
        """Return the whole of a stream. Raises Unreadable when it is missing or damaged."""
        try:
            if self._file.get_size(name) > self._size:
                raise ValueError("larger than the file")
            with self._file.openstream(name) as stream:
                return bytes(stream.read())
        except _BROKEN as error:
            raise Unreadable(f"{DAMAGED}: {name} cannot be read") from error

    def require_ends(self, *names: str) -> None:
        """Raise Unreadable when the sectors of the directory, of a table or of one of these streams form a loop."""
        file = self._file
        try:
            file.loadminifat()
            chains = [(file.fat, first) for first in (file.first_dir_sector, file.first_mini_fat_sector)]
            chains.append((file.fat, file.root.isectStart))
            for entry in (file.direntries[file._find(name)] for name in names if name in self):
                is_small = entry.size < file.mini_stream_cutoff_size
                chains.append((file.minifat if is_small else file.fat, entry.isectStart))
        except _BROKEN as error:
            raise Unreadable(DAMAGED) from error
        if any(_is_loop(table, first) for table, first in chains):
            raise Unreadable(DAMAGED)

    def storages(self, path: str = "") -> list[str]:
        """Return the names of the storages inside one, in the order of the directory; "" is the outermost."""
        found = self._file.listdir(streams=False, storages=True)
        steps = path.split("/") if path else []
        return [names[-1] for names in found if names[:-1] == steps]

    def properties(self) -> Properties:
        """Return the title and metadata of the document; none where they are damaged."""
        try:
            found = self._file.get_metadata()
            texts = [_text(value, _codec(found.codepage)) for value in (
                found.title, found.author, found.subject, found.comments, found.keywords)]  # fmt: skip
        except _BROKEN:
            return Properties()
        title, author, subject, description, keywords = texts
        metadata = standard_metadata(
            author, subject, description, keywords, created=_time(found.create_time),
            modified=_time(found.last_saved_time),
        )  # fmt: skip
        return Properties(own_title(title), metadata)


def _codec(page: int | None) -> str:
    return codec_of_page(page & 0xFFFF) if page else "utf-8"  # the number is stored with a sign


def _text(value: object, codec: str) -> str:
    text = value.decode(codec, "replace") if isinstance(value, bytes) else str(value or "")
    return " ".join(text.split("\0")[0].split())


def _time(value: object) -> str:
    # Dates of 1601 stand for none.
    return f"{value.isoformat()}Z" if isinstance(value, datetime) and value.year > 1970 else ""


@contextmanager
def open_ole(stream: BinaryIO) -> Iterator[OleFile]:
    """Open a container. Raises Unreadable when it is damaged."""
    import olefile  # here, so that other files are read without it

    head = stream.read(_HEADER)
    size = stream.seek(0, 2)
    stream.seek(0)
    # olefile takes any size of sectors, and needs hours for those of one byte.
    if head[_SECTOR_SIZES] not in _KNOWN_SIZES or not _counts_fit(head, size):
        raise Unreadable(DAMAGED)
    try:
        file = olefile.OleFileIO(stream)
    except _BROKEN as error:
        raise Unreadable(DAMAGED) from error
    try:
        if file.root.size > size:
            raise Unreadable(DAMAGED)
        yield OleFile(file, size)
    finally:
        file.close()


def _is_loop(table: Sequence[int], first: int) -> bool:
    """Whether a chain of sectors never ends; `table` has the next sector for each."""
    for _ in range(len(table) + 1):
        if first >= len(table):  # the mark of the end, or damage
            return False
        first = table[first]
    return True


def _counts_fit(head: bytes, size: int) -> bool:
    """Whether a container of `size` bytes may have as many sectors of each kind as its header claims."""
    sector = 1 << head[_SECTOR_SIZES.start]
    try:
        return all(int(unpack_from("<I", head, offset)[0]) * sector <= size for offset in _COUNTS)
    except StructError:
        return False


def ole_reader(format: str, version: int, media_type: str, document: Callable[[OleFile, str], Document]) -> Reader:
    """Return the reader that opens a container and yields what `document` makes of it and of the name of the file."""

    def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
        with open_ole(stream) as ole:
            yield document(ole, name)

    return Reader(format, version, media_type, read, takes_fields=False, takes_encoding=False)

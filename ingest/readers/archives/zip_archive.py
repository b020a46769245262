"""ZIP archives: each member is read by the reader for its content."""

from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZipInfo

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.members import allowance_for, check_depth, is_ignored, metered, read_member
from wherein.ingest.readers.shared.package import open_zip, unpack_member
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys

__all__ = ["READER", "read"]

_UTF8 = 0x800


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the documents of all members, or the problems with them; see `Reader` for the errors."""
    check_depth(context)
    allowance = allowance_for(stream, context)
    keys = UniqueKeys()
    count = 0
    with open_zip(stream) as archive:
        for info in archive.infolist():
            path = _name(info).replace("\\", "/")
            if not info.is_dir() and not is_ignored(path):
                count += 1
                yield from read_member(
                    keys.key(path), metered(unpack_member(archive, info), allowance), context, allowance
                )
    if not count:
        raise Skipped("no files in it")


def _name(info: ZipInfo) -> str:
    """Return the name of a member; macOS writes UTF-8 without saying so, which zipfile takes for code page 437."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


READER = Reader("zip", 4, "", read, read, streaming=True, reads_pictures=True)

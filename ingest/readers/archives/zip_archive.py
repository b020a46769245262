"""ZIP archives: each member is read by the reader for its content."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.members import allowance_for, check_depth, is_ignored, metered, read_member
from wherein.ingest.readers.shared.package import open_zip, unpack_member
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.unique_keys import UniqueKeys

__all__ = ["READER", "read"]


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the documents of all members, or the problems with them; see `Reader` for the errors."""
    check_depth(context)
    allowance = allowance_for(stream, context)
    keys = UniqueKeys()
    count = 0
    with open_zip(stream) as archive:
        for info in archive.infolist():
            path = info.filename.replace("\\", "/")
            if not info.is_dir() and not is_ignored(path):
                count += 1
                yield from read_member(
                    keys.key(path), metered(unpack_member(archive, info), allowance), context, allowance
                )
    if not count:
        raise Skipped("no files in it")


READER = Reader("zip", 3, "", read, read, streaming=True, reads_pictures=True)

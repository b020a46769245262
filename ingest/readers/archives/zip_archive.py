"""ZIP archives: each file in it is read by the reader for its content."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.keys import Keys
from wherein.ingest.readers.shared.members import allowance_of, counted, is_left_out, member, refuse_depth
from wherein.ingest.readers.shared.package import opened_zip, unpacked
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "read"]


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the documents of all members, or why one is not read; see `Reader` for the errors."""
    refuse_depth(context)
    allowance = allowance_of(stream, context)
    keys = Keys()
    found = 0
    with opened_zip(stream) as archive:
        for info in archive.infolist():
            path = info.filename.replace("\\", "/")
            if not info.is_dir() and not is_left_out(path):
                found += 1
                yield from member(keys.key(path), counted(unpacked(archive, info), allowance), context, allowance)
    if not found:
        raise Skipped("no files in it")


READER = Reader("zip", 1, "", read, read, streaming=True)

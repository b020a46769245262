"""Readers of formats whose files are packages with one document each."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.package import Package, open_package

__all__ = ["package_reader"]


def package_reader(format: str, version: int, media_type: str, document: Callable[[Package, str], Document]) -> Reader:
    """Return the reader that opens a package and yields what `document` makes of it and of the name of the file."""

    def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
        with open_package(stream, context.allowance) as package:
            try:
                item = document(package, name)
            except Unreadable:
                package.check()  # then this is the reason why no part of it can be read
                raise
        if context.allowance is not None:
            context.allowance.take(0)  # a part that exceeded it may have been left out as unreadable
        yield item

    return Reader(format, version, media_type, read, read, takes_fields=False, takes_encoding=False)

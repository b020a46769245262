"""Readers of formats whose files are packages with one document each."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.package import Package, open_package

__all__ = ["package_reader"]


def package_reader(name: str, version: int, media_type: str, document: Callable[[Package, str], Document]) -> Reader:
    """Return the reader that opens a package and yields what `document` makes of it and of the name of the file."""

    def read(stream: BinaryIO, file_name: str) -> Iterator[Document | Problem]:
        with open_package(stream) as package:
            item = document(package, file_name)
        yield item

    return Reader(name, version, media_type, read)

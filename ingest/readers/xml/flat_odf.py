"""OpenDocument in one XML file (.fodt, .fods, .fodp), read as the same document in a package."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office import odp, ods, odt
from wherein.ingest.readers.office.odf import Parts
from wherein.ingest.readers.reader import Reader

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
_HEAD_BYTES = 4096
_KINDS: dict[bytes, Callable[[Parts, str], Document]] = {
    b"opendocument.text": odt.read_package,
    b"opendocument.spreadsheet": ods.read_package,
    b"opendocument.presentation": odp.read_package,
    b"opendocument.graphics": odp.read_package,
}


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document; see `Reader` for the errors."""
    data = stream.read()
    read_package = next((reader for kind, reader in _KINDS.items() if kind in data[:_HEAD_BYTES]), None)
    if read_package is None:
        raise Unreadable("unsupported kind of OpenDocument file")
    yield read_package(_OneFile(data), name)


class _OneFile:
    """Stands for a package of which the content and the properties are one part."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __contains__(self, name: str) -> bool:
        return name in ("content.xml", "meta.xml")

    def chunks(self, name: str) -> Iterator[bytes]:
        if name in self:
            yield self._data
        else:
            raise Unreadable(f"{name} is missing")


READER = Reader("flat-odf", 1, _MEDIA_TYPE, read)

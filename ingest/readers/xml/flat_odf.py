"""OpenDocument in one XML file (.fodt, .fods, .fodp), read as the same document in a package."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office import odp, ods, odt
from wherein.ingest.readers.office.odf import Parts
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.xml_events import events

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
_PART = "content.xml"
_STEP = 1 << 16
_KINDS: dict[str, Callable[[Parts, str], Document]] = {
    "opendocument.text": odt.read_package,
    "opendocument.spreadsheet": ods.read_package,
    "opendocument.presentation": odp.read_package,
    "opendocument.graphics": odp.read_package,
}


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document; see `Reader` for the errors."""
    file = _OneFile(stream.read())
    _, _, attributes = next(events(file.chunks(_PART), _PART))
    declared = attributes.get("office:mimetype", "")
    read_package = next((reader for kind, reader in _KINDS.items() if kind in declared), None)
    if read_package is None:
        raise Unreadable("unsupported kind of OpenDocument file")
    yield read_package(file, name)


class _OneFile:
    """Acts as a package whose content and properties are one part."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __contains__(self, name: str) -> bool:
        return name in (_PART, "meta.xml")

    def chunks(self, name: str) -> Iterator[bytes]:
        if name not in self:
            raise Unreadable(f"{name} is missing")
        for start in range(0, len(self._data), _STEP):
            yield self._data[start : start + _STEP]


READER = Reader("flat-odf", 3, _MEDIA_TYPE, read)

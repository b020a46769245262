"""Plain text, kept as written."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/plain"


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document titled by its name; see `Reader` for the errors."""
    text = decode(stream.read())
    require_text(text)
    yield Document(name_as_title(name), text, _MEDIA_TYPE)


READER = Reader("plain", 3, _MEDIA_TYPE, read)

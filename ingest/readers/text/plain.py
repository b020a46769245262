"""Plain text, kept as written."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/plain"


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document titled by its name; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    text = decoded.text
    require_text(text)
    yield decoded.annotate(Document(name_as_title(name), text, _MEDIA_TYPE))


READER = text_reader("plain", 8, _MEDIA_TYPE, read)

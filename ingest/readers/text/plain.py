"""Plain text, kept as written, without the escapes of a terminal and the folds of a calendar."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text
from wherein.ingest.readers.text.folded import unfolded
from wherein.ingest.readers.text.terminal import as_seen

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/plain"


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document titled by its name; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding)
    plain = replace(decoded, text=unfolded(as_seen(decoded.text))).without_pictures()
    require_text(plain.text)
    yield plain.annotate(Document(name_as_title(name), plain.text, _MEDIA_TYPE))


READER = text_reader("plain", 9, _MEDIA_TYPE, read)

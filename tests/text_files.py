"""Reading a file that is one document with the reader that is chosen for it."""

import io

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose


def read(data: bytes, name: str) -> Document:
    stream = io.BytesIO(data)
    reader = choose(name, stream)
    (document,) = reader.read(stream, name)
    assert isinstance(document, Document)
    assert document.media_type == reader.media_type
    return document


def reason(data: bytes, name: str, kind: type[Unreadable]) -> str:
    with pytest.raises(Unreadable) as caught:
        read(data, name)
    assert type(caught.value) is kind
    return str(caught.value)


def headings(document: Document) -> list[tuple[int, tuple[str, ...]]]:
    return [(mark.start, mark.heading) for mark in document.marks]

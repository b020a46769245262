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


def read_lines(source: str, name: str) -> tuple[Document, list[str]]:
    """Read light markup, whose lines keep their numbers; return the document, and its lines that are not blank."""
    document = read(source.encode(), name)
    assert document.text.count("\n") == source.count("\n")
    return document, [line for line in document.text.split("\n") if line.strip()]


def headings(document: Document) -> list[tuple[int, tuple[str, ...]]]:
    return [(mark.start, mark.heading) for mark in document.marks]


def heading_paths(document: Document) -> list[tuple[str, ...]]:
    return [path for _, path in headings(document)]

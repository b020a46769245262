"""A reader of packages hands the open package to a function."""

import io

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.package_reader import package_reader


def document(package: Package, name: str) -> Document:
    return Document(name, package.read("a.txt").decode(), "text/x-test")


def test_the_package_is_read_and_closed() -> None:
    reader = package_reader("test", 3, "text/x-test", document)
    assert (reader.label, reader.media_type, reader.streaming) == ("test-3", "text/x-test", False)
    stream = io.BytesIO(office.packed({"a.txt": "one"}))
    assert list(reader.read(stream, "name")) == [Document("name", "one", "text/x-test")]
    assert not stream.closed


def test_a_file_that_is_no_package() -> None:
    reader = package_reader("test", 3, "text/x-test", document)
    for data in (b"", b"PK\x03\x04", office.packed({})):
        with pytest.raises(Unreadable, match="damaged or truncated"):
            list(reader.read(io.BytesIO(data), "name"))

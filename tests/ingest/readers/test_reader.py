"""A reader may read in a context: with fields that the user chose, or inside another file."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.storage.catalog.fields import Fields
from wherein.storage.catalog.reading import Reading


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document]:
    yield Document(name, f"{context.fields.text} at {context.depth}", "text/plain")


def bound(reader: Reader, context: ReadContext) -> tuple[str, str]:
    reader = reader.bind(context)
    (document,) = reader.read(None, "name")  # type: ignore[arg-type]
    assert isinstance(document, Document)
    return reader.label, document.text


def test_labels_name_version_and_fields() -> None:
    assert Reader("csv", 5, "text/csv", read).label == "csv-5"
    fields = Fields(text="abstract")
    assert Reader("csv", 5, "text/csv", read, reading=Reading(fields)).label == f"csv-5{fields.label}"
    assert fields.label
    assert fields.label != Fields(id="abstract").label


def test_a_reader_that_takes_a_context_gets_it() -> None:
    reader = Reader("csv", 5, "text/csv", read, read)
    assert reader.bind(NO_CONTEXT) is reader
    fields = Fields(text="abstract")
    assert bound(reader, ReadContext(fields, depth=2)) == (f"csv-5{fields.label}", "abstract at 2")


def test_another_reader_is_left_as_it_is() -> None:
    reader = Reader("plain", 1, "text/plain", read)
    assert reader.bind(ReadContext(Fields(text="abstract"))) is reader
    assert bound(reader, ReadContext(depth=1)) == ("plain-1", " at 0")

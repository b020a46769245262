"""The properties of an office document."""

from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.office.properties import Properties


def test_a_document_has_the_properties() -> None:
    properties = Properties("Title", {"author": "Ada"}, ("a note",))
    marks = (Mark(0),)
    expected = Document("Title", "Text.", "x/y", metadata={"author": "Ada"}, marks=marks, notes=("other", "a note"))
    assert properties.document("file name", "Text.", "x/y", marks, ("other",)) == expected


def test_without_a_title_the_default_is_taken() -> None:
    assert Properties().document("file name", "Text.", "x/y", ()) == Document("file name", "Text.", "x/y")

"""OpenDocument spreadsheets."""

import office
from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.skipped import Skipped


def test_open_document() -> None:
    found = office.read(office.open_sheets(), "a/b.ods")
    line = "Ada | same | same | 2024-01-31 | 3.5"
    assert found.text == f"Rents\n\nWho |  | When\n{line}\n{line}\n\n12,50 €"
    assert found.marks == (Mark(0, heading=("Rents",)),)
    assert (found.title, found.metadata, found.notes) == ("b.ods", {"author": "Ada"}, ())


def test_repetitions_are_limited() -> None:
    data = office.changed(
        office.open_sheets(), "content.xml", lambda part: part.replace(b'rows-repeated="2"', b'rows-repeated="1000000"')
    )
    found = office.read(data)
    assert found.text.count("Ada") == 100
    assert found.notes == ("999,900 rows or cells are left out that are the same as 100 before them",)


def test_hidden_sheets() -> None:
    style = (
        '<office:automatic-styles><style:style style:name="h" style:family="table" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><style:table-properties '
        'table:display="false" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"/></style:style>'
        "</office:automatic-styles>"
    )

    def hide(part: bytes) -> bytes:
        part = part.replace(b"<office:automatic-styles/>", style.encode())
        return part.replace(b'table:name="Rents"', b'table:name="Rents" table:style-name="h"')

    data = office.changed(office.open_sheets(), "content.xml", hide)
    assert office.reason(data) == (Skipped, "no text in its cells")

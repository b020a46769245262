"""OpenDocument presentations."""

import office
from wherein.ingest.document import Mark


def test_open_document() -> None:
    found = office.read(office.open_slides())
    assert found.text == "The plan\n\none\n\nSay it slowly."
    assert found.marks == (Mark(0, 1, ("The plan",)), Mark(15, 1, ("The plan", "Notes")))
    assert found.notes == ("1 of 2 slides has no text: 2",)


def test_comments_are_noted() -> None:
    comment = b"<office:annotation><text:p>secret</text:p></office:annotation></draw:page>"
    data = office.changed(office.open_slides(), "content.xml", lambda part: part.replace(b"</draw:page>", comment))
    found = office.read(data)
    assert "secret" not in found.text
    assert found.notes == ("1 of 2 slides has no text: 2", "left out: 1 comment")

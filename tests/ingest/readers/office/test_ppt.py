"""PowerPoint presentations of 1997 to 2003."""

import office
import ole_files
from wherein.errors import Unreadable
from wherein.ingest.document import Mark


def test_slides_and_notes() -> None:
    document = office.read(ole_files.slides())
    assert document.text == "The plan\n\none\ntwo\n\nSay it slowly.\n\nZürich"
    assert document.title == "The plan"
    assert document.marks == (
        Mark(0, 1, ("The plan",)),
        Mark(document.text.index("Say"), 1, ("The plan", "Notes")),
        Mark(document.text.index("Zürich"), 2),
    )


def test_an_encrypted_presentation_says_so() -> None:
    assert office.reason(ole_files.slides(0xF3D1C4DF)) == (Unreadable, "encrypted; save it without a password")


def test_a_damaged_list_of_edits_costs_the_file() -> None:
    data = ole_files.ole({"PowerPoint Document": b"", "Current User": bytes(40)})
    assert office.reason(data) == (Unreadable, "damaged or truncated")

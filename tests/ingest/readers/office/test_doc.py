"""Word documents of 1997 to 2003."""

import pytest

import office
import ole_files
from ole_files import HEADING_1, HEADING_2, IN_TABLE, ROW_END, Line
from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.skipped import Skipped


def test_headings_tables_and_notes() -> None:
    lines = [
        Line("Lease", HEADING_1),
        Line("Of the Größe."),
        Line("Rent", HEADING_2),
        Line("May", properties=IN_TABLE),
        Line("early", properties=IN_TABLE, end="\7"),
        Line("100", properties=IN_TABLE, end="\7"),
        Line("", properties=ROW_END, end="\7"),
        Line("After."),
    ]
    document = office.read(ole_files.word(lines, notes="\2 A note.\r", header="Quince Ltd\r", comments="\5Why?\r"))
    assert document.text == "Lease\n\nOf the Größe.\n\nRent\n\nMay early | 100\n\nAfter.\n\nA note."
    assert document.title == "Lease"
    assert document.media_type == "application/msword"
    assert document.marks == (
        Mark(0, heading=("Lease",)),
        Mark(document.text.index("Rent"), heading=("Lease", "Rent")),
        Mark(document.text.index("A note.")),
    )
    assert document.notes == ("left out: 1 comment, 2 headers and footers",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('See \x13 HYPERLINK "http://x" \x14the page\x15.', "See the page."),
        ("\x13 TOC \x14A \x13 PAGEREF b \x143\x15 end\x15 z", "A 3 end z"),
        ("\x13 XE index \x15word", "word"),
        ("a\x1fb\x1ec\x0bd\xa0e", "ab-c\nd e"),
        ("open \x13 field without end", "open field without end"),
    ],
)
def test_fields_show_their_results(text: str, shown: str) -> None:
    assert office.read(ole_files.word([Line(text)])).text == shown


def test_hidden_text_is_left_out() -> None:
    assert office.read(ole_files.word([Line("sexcrxet")], hidden="x")).text == "secret"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ole_files.word([Line("x")], flags=0x0100), (Unreadable, "encrypted; save it without a password")),
        (ole_files.word([Line("")]), (Skipped, "no text")),
        (
            ole_files.ole({"WordDocument": b"\xdc\xa5".ljust(99, b"\0")}),
            (Unreadable, "Word document of 1995 or older; save it as .docx"),
        ),
        (ole_files.ole({"WordDocument": b"xx"}), (Unreadable, "damaged or truncated")),
        (
            ole_files.ole({"WordDocument": b"\xec\xa5".ljust(5000, b"\xff")}),
            (Unreadable, "encrypted; save it without a password"),
        ),
    ],
)
def test_files_that_are_not_read(data: bytes, expected: tuple[type[Unreadable], str]) -> None:
    assert office.reason(data, "a.doc") == expected

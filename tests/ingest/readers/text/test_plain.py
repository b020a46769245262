"""Plain text, kept as written."""

import pytest

from text_files import read
from wherein.ingest.document import Document


def test_plain_text_is_kept() -> None:
    text = "one\r\ntwo\rthree\n\n\tfour \u2028 é\n"
    document = read(text.encode(), "folder/notes.txt")
    assert document == Document("notes.txt", text, "text/plain")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("\x1b[1;31mERROR\x1b[0m: no \x1b[38;5;4mdisk\x1b[K\n", "ERROR: no disk\n"),
        ("see \x1b]8;;https://example.org\x1b\\this page\x1b]8;;\x07\x1b(B", "see this page"),
        ("N\bNA\bA\bAM\bM\n_\bf_\bo o\b_ _\b_", "NAM\nfo o _"),
        ("a\x1b b\n\bc", "a\x1b b\n\bc"),
    ],
)
def test_output_for_a_terminal(source: str, text: str) -> None:
    assert read(source.encode(), "a.log").text == text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_properties_of_calendars_and_contacts_are_on_one_line(end: str) -> None:
    source = "BEGIN:VCALENDAR\nSUMMARY:Boiler main\n ten\n\tance\\, yearly\nDESCRIPTION:one\\ntwo\nEND:VCALENDAR\n"
    text = "BEGIN:VCALENDAR\nSUMMARY:Boiler maintenance, yearly\n\n\nDESCRIPTION:one two\nEND:VCALENDAR\n"
    found = read(source.replace("\n", end).encode(), "a.ics").text
    assert found.splitlines() == text.splitlines()
    quoted = "NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Gr=F6=\n=DFe=0D=0Aist 5=3D5"
    found = read(f"BEGIN:VCARD\n{quoted}\nEND:VCARD\n".replace("\n", end).encode(), "a.vcf").text
    name = quoted.partition(":")[0]
    assert found.splitlines() == ["BEGIN:VCARD", f"{name}:Größe ist 5=5", "", "END:VCARD"]


def test_other_texts_are_not_unfolded() -> None:
    assert read(b"To BEGIN:VCARD\n a\\, b\n", "a.txt").text == "To BEGIN:VCARD\n a\\, b\n"

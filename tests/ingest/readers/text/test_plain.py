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

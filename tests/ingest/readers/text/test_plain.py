"""Plain text, kept as written."""

from text_files import read
from wherein.ingest.document import Document


def test_plain_text_is_kept() -> None:
    text = "one\r\ntwo\rthree\n\n\tfour \u2028 é\n"
    document = read(text.encode(), "folder/notes.txt")
    assert document == Document("notes.txt", text, "text/plain")

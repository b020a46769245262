"""Properties of Java."""

import pytest

from text_files import read, reason
from wherein.ingest.readers.shared.skipped import Skipped


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"greeting=Sch\u00f6n, \u00FCber", "greeting=Schön, über"),
        (r"a=\\u00f6 \\\u00f6 \uuu00f6 \u00f", r"a=\\u00f6 \\ö ö \u00f"),
        (r"a=\uD83D\uDE00 \ud83d b\u000ac\u0000", "a=\U0001f600 \ufffd b c\ufffd"),
        ("a=C:\\\\temp\\nb\\\n  c", "a=C:\\\\temp\\nb\\\n  c"),
    ],
)
def test_escaped_letters(source: str, text: str) -> None:
    document = read(source.encode(), "a.properties")
    assert (document.title, document.text, document.media_type) == ("a.properties", text, "text/x-java-properties")


def test_no_text() -> None:
    assert reason(b" \n", "a.properties", Skipped) == "no text"


def test_time_is_linear() -> None:
    assert len(read(b"\\" * 1_000_001 + b"u00f6", "a.properties").text) == 1_000_001

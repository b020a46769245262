"""Files without text, recognized by their first bytes."""

import pytest

from text_files import read, reason
from wherein.ingest.readers.shared.skipped import Skipped


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "empty file"),
        (b"8BPS\0\1", "binary file (Photoshop image)"),
        (b"RIFF\0\0\0\0WAVEfmt ", "binary file (WAV audio)"),
        (b"\x1f\x8b", "binary file (gzip archive)"),
        (b"\x7fELF\2\1", "binary file (ELF program)"),
        (b"SQLite format 3\0", "binary file (SQLite database)"),
        (b"\xa7\x0d\r\n\0\0\0\0", "binary file (compiled Python file)"),
        (b"x\0" + b" " * 255 + b"ustar", "binary file (tar archive)"),
        (b"\0\0\0\x18ftypisom", "binary file (MP4 video)"),
        (b"MZ\x90\0", "binary file (Windows program)"),
        (b"one\0two", "binary file"),
        (b"one two three four\0five \1", "binary file"),
        (b"one two three four\0five \xff", "binary file"),
    ],
)
def test_nothing_to_read(head: bytes, expected: str) -> None:
    assert reason(head, "file.txt", Skipped) == expected


@pytest.mark.parametrize("text", ["ID3 tags are", "OTTO the first", "BMP is", "MZ", "wOFF!", "RIFF and raff, WAVE"])
def test_words_that_begin_like_magic_are_text(text: str) -> None:
    assert read(text.encode(), "a.txt").text == text


def test_a_nul_in_a_text_costs_that_character() -> None:
    log = "10:00 started: Größe\n" * 20
    assert read(f"{log}{chr(0) * 9}\n10:05 started".encode(), "a.log").text == f"{log}{chr(0xFFFD) * 9}\n10:05 started"
    assert read(b"id,text,note\0\n1,herons,x\n", "a.csv").text == "herons"

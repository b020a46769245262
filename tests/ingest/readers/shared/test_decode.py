"""Encodings, and what cannot be stored."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_files import read, reason
from wherein.errors import Unreadable
from wherein.ingest.readers.shared.skipped import Skipped

ICONV = "convert it, for instance with: iconv -f WINDOWS-1252 -t UTF-8"


@pytest.mark.parametrize(
    ("bom", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_round_trip_with_a_byte_order_mark(bom: bytes, codec: str, text: str) -> None:
    text = "x" + text
    assert read(bom + text.encode(codec), "a.txt").text == text


def test_what_cannot_be_stored_is_replaced() -> None:
    assert read(b"a" * 4096 + b"\0b", "a.txt").text == "a" * 4096 + "\ufffdb"
    lone = codecs.BOM_UTF16_LE + "a\ud800b".encode("utf-16-le", "surrogatepass")
    assert read(lone, "a.txt").text == "a\ufffdb"
    assert read(b"hello", "a\udce9.txt").title == "a\ufffd.txt"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.rst", "a.html", "a.jsonl"])
@pytest.mark.parametrize("data", [b"\n \n", codecs.BOM_UTF8])
def test_no_text(name: str, data: bytes) -> None:
    assert reason(data, name, Skipped) == "no text"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.rst", "a.html"])
def test_wrong_encoding(name: str) -> None:
    assert reason(b"Caf\xe9 noir", name, Unreadable) == f"not UTF-8 (byte 0xE9 at offset 3); {ICONV}"
    with_bom = codecs.BOM_UTF8 + b"Caf\xe9 noir"
    assert reason(with_bom, name, Unreadable) == f"not UTF-8 (byte 0xE9 at offset 6); {ICONV}"
    late = b"a" * 4096 + b"\xff\0"
    assert reason(late, name, Skipped) == "binary file"
    odd = codecs.BOM_UTF16_LE + b"a\0b"
    assert reason(odd, name, Unreadable) == "not valid UTF-16, which its byte order mark declares (offset 4)"
    beyond = codecs.BOM_UTF32_BE + b"\0\x11\0\0"
    assert reason(beyond, name, Unreadable) == "not valid UTF-32, which its byte order mark declares (offset 4)"

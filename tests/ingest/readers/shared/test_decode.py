"""Encodings, and what cannot be stored."""

import codecs
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_files import read, reason
from wherein.ingest.readers.shared.decode import PICTURES_NOTE
from wherein.ingest.readers.shared.skipped import Skipped


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
@given(text=st.text(st.characters(exclude_characters="\0\b\x1b", exclude_categories=["Cs"]), min_size=1))
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


BAD_BYTE = "1 byte is not valid UTF-8 (at offset 6) and stands as \ufffd"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.rst", "a.html", "a.srt"])
def test_a_bad_byte_costs_that_byte(name: str) -> None:
    document = read(codecs.BOM_UTF8 + b"Caf\xe9 noir", name)
    assert (document.text, document.notes, document.doubts) == ("Caf\ufffd noir", (BAD_BYTE,), ())
    document = read("Größe für Bö".encode() + b"\xf6se", name)
    assert document.text == "Größe für Bö\ufffdse"
    assert document.notes == ("1 byte is not valid UTF-8 (at offset 16) and stands as \ufffd",)


def test_several_bad_bytes_are_counted() -> None:
    document = read("ÄÖÜ äöü ß ".encode() * 20 + b"\xff \xfe", "a.txt")
    assert document.text == "ÄÖÜ äöü ß " * 20 + "\ufffd \ufffd"
    assert document.notes == ("2 bytes are not valid UTF-8 (the first at offset 340) and stand as \ufffd",)


def test_bad_bytes_after_a_byte_order_mark() -> None:
    assert read(codecs.BOM_UTF16_LE + b"a\0b", "a.txt").text == "a\ufffd"
    assert read(codecs.BOM_UTF32_BE + b"\0\0\0a\0\x11\0\0", "a.txt").text == "a\ufffd"


def test_bytes_that_are_no_text() -> None:
    assert reason(b"a" * 4096 + b"\xff\0", "a.txt", Skipped) == "binary file"
    assert reason(bytes(range(1, 256)) * 40, "a.txt", Skipped) == "binary file"


@pytest.mark.parametrize(
    "magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF", b"%PDF-1", b"PK\3\4", b"\x1f\x8b\x08"]
)
@pytest.mark.parametrize(
    ("name", "head", "between", "tail"),
    [
        ("a.vcf", "FN:Ann\nPHOTO;ENCODING=b;TYPE=JPEG:", "\n ", "\nNOTE:words\n"),
        ("a.ldif", "cn: Ann\njpegPhoto:: ", "\n ", "\nsn: words\n"),
        ("a.json", '{"image": "', "", '", "b": "words"}'),
        ("a.yaml", "image: !!binary |\n  ", "\n  ", "\nb: words\n"),
    ],
)
def test_base64_of_pictures_and_files_is_left_out(magic: bytes, name: str, head: str, between: str, tail: str) -> None:
    payload = b64encode(magic + bytes(range(256)) * 3).decode()
    lines = [payload[start : start + 76] for start in range(0, len(payload), 76)]
    document = read((head + between.join(lines) + tail).encode(), name)
    assert document.text == head + "\n" * (between.count("\n") * (len(lines) - 1)) + tail
    assert document.notes == (PICTURES_NOTE,)


def test_short_base64_stays() -> None:
    kept = "a JPEG begins with /9j/4AAQSkZJRg, a PNG with iVBORw0KGgo\n" * 9
    assert read(kept.encode(), "a.txt").text == kept


def test_pictures_in_a_text_are_left_out() -> None:
    payload = "iVBORw0KGgo" * 20
    document = read(f"one ![a](data:image/png;base64,{payload}) two\nthree".encode(), "a.md")
    assert document.text == "one ![a](data:image/png) two\nthree"
    assert document.notes == (PICTURES_NOTE,)
    escaped = f'{{"a": "data:image\\/png;base64,{payload}\\/", "b": "words"}}'
    assert read(escaped.encode(), "a.json").text == '{"a": "data:image/png", "b": "words"}'
    kept = "see data:text/plain,short and metadata:image/png"
    assert read(kept.encode(), "a.txt").text == kept

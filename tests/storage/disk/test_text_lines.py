"""Lines of text in any encoding that a byte order mark declares."""

import codecs
import io

import pytest

from wherein.storage.disk.text_lines import decode_text, split_bom, text_lines

MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize("codec", MARKS)
def test_a_byte_order_mark_decides(codec: str) -> None:
    text = "ä\n\nしり\u2028x\f\r\n🎉 \u0a0a"
    data = MARKS[codec] + text.encode(codec)
    assert split_bom(data) == (codec, text.encode(codec))
    assert list(text_lines(io.BytesIO(data))) == ["ä", "", "しり\u2028x\f", "🎉 \u0a0a"]
    assert decode_text(data) == text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (codecs.BOM_UTF8, []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\r\nb\rc\n", ["a", "b", "c"]),
        (b"a\n" + codecs.BOM_UTF8 + b"b", ["a", "\ufeffb"]),  # only at the start is it a mark
        (codecs.BOM_UTF16_LE, []),
    ],
)
def test_lines_end_as_on_any_system(data: bytes, lines: list[str]) -> None:
    assert list(text_lines(io.BytesIO(data))) == lines


def test_what_is_not_utf_8_is_an_error_or_replaced() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(text_lines(io.BytesIO(b"a\nb\xff")))
    assert list(text_lines(io.BytesIO(b"a\nb\xff"), "replace")) == ["a", "b\ufffd"]
    assert list(text_lines(io.BytesIO(codecs.BOM_UTF16_LE + b"a\0b"), "replace")) == ["a\ufffd"]


def test_a_line_is_read_before_the_next_is_written() -> None:
    class Stream(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("reads on to the end")

    assert next(text_lines(Stream(b"first\nsecond\n"))) == "first"

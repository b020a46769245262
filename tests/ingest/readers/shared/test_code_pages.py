"""The codecs of numbered code pages."""

import pytest

from wherein.ingest.readers.shared.code_pages import codec_of_page


@pytest.mark.parametrize(
    ("number", "data", "text"),
    [
        (1251, b"\xc4\xe0", "Да"),
        (932, b"\x83\x5c", "ソ"),
        (10000, b"\x8etude", "étude"),
        (10002, b"\xa4\xa4", "中"),
        (10003, b"\xb0\xa1", "가"),
        (10008, b"\xd6\xd0", "中"),
        (28592, b"\xe8l\xe1nek \xb9", "článek š"),
        (28605, b"\xa4", "€"),
        (20866, b"\xe4\xc1", "Да"),
        (50220, b"\x1b$B%=\x1b(B", "ソ"),
        (51949, b"\xb0\xa1", "가"),
        (65001, b"\xc3\xa9", "é"),
        (20127, b"plain", "plain"),
        (12345, b"\x80", "€"),
    ],
)
def test_codecs(number: int, data: bytes, text: str) -> None:
    assert data.decode(codec_of_page(number)) == text

"""The encodings that web pages and messages declare."""

import codecs

import pytest

from wherein.ingest.readers.shared.charset import _WHATWG, Charset, charset_for_label, declared_charset


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<meta charset=koi8-r>", Charset("koi8-r", "koi8-r", "strict")),
        (b'<META http-equiv="x" content="text/html; CHARSET = Latin1">', Charset("Latin1", "cp1252", "replace")),
        (b'  <?xml version="1.0" encoding="utf-16"?>', Charset("utf-16", "utf-8", "strict")),
        (b"<!-- <meta charset=koi8-r> --><meta charset='gbk'>", Charset("gbk", "gb18030", "strict")),
        (b"<p>charset=koi8-r", None),
        (b'<p><?xml encoding="koi8-r"?>', None),
        (b" " * 4096 + b"<meta charset=koi8-r>", None),
        (b"", None),
    ],
)
def test_declarations(page: bytes, expected: Charset | None) -> None:
    assert declared_charset(page) == expected


def test_a_label_that_nobody_knows_is_its_own_codec() -> None:
    assert charset_for_label("nonsense") == Charset("nonsense", "nonsense", "strict")


@pytest.mark.parametrize("label", sorted(_WHATWG))
def test_every_label_of_the_web_has_a_codec_of_python(label: str) -> None:
    assert codecs.lookup(charset_for_label(label.upper()).codec)

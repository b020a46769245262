"""The names of encodings, and where texts declare theirs."""

import codecs

import pytest

from wherein.ingest.readers.shared.charset import (
    _WHATWG,
    Charset,
    charset_for_label,
    codec_for_name,
    declared_in_page,
    declared_in_text,
    is_known,
    shown_name,
)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<meta charset=koi8-r>", Charset("koi8-r", "koi8-r")),
        (b'<META http-equiv="x" content="text/html; CHARSET = Latin1">', Charset("Latin1", "cp1252")),
        (b'  <?xml version="1.0" encoding="utf-16"?>', Charset("utf-16", "utf-8")),
        (b"<!-- <meta charset=koi8-r> --><meta charset='gbk'>", Charset("gbk", "gb18030")),
        (b"<p>charset=koi8-r", None),
        (b'<p><?xml encoding="koi8-r"?>', None),
        (b" " * 4096 + b"<meta charset=koi8-r>", None),
        (b"", None),
    ],
)
def test_declarations(page: bytes, expected: Charset | None) -> None:
    assert declared_in_page(page) == expected


def test_a_label_that_nobody_knows_is_its_own_codec() -> None:
    assert charset_for_label("nonsense") == Charset("nonsense", "nonsense")


@pytest.mark.parametrize("label", sorted(_WHATWG))
def test_every_label_of_the_web_has_a_codec_of_python(label: str) -> None:
    assert codecs.lookup(charset_for_label(label.upper()).codec)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'<?xml version="1.0" encoding="windows-1251"?>', "cp1251"),
        (b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\n", "cp1252"),
        (b"// vim: set fileencoding=koi8-r :", "koi8-r"),
        (b'@charset "iso-8859-2";', "iso-8859-2"),
        (b"%% coding: cp850", "cp850"),
        (b"one\ntwo\n# coding: latin-1", None),
        (b"the coding: it is hard", None),
        (b"# Encoding: a guide\n", None),
        (b'<?xml version="1.0" encoding="nonsense"?>', "nonsense"),
        (b"<meta charset=koi8-r>", None),
    ],
)
def test_declarations_of_other_texts(text: bytes, expected: str | None) -> None:
    found = declared_in_text(text)
    assert (found and found.codec) == expected


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("Windows-1251", "cp1251"),
        ("UTF-16", "utf-16"),
        ("utf16le", "utf-16-le"),
        ("utf_32_be", "utf-32-be"),
        ("GBK", "gb18030"),
    ],
)
def test_what_a_user_means_by_a_name(name: str, codec: str) -> None:
    assert codec_for_name(name) == codec
    assert is_known(codec)


@pytest.mark.parametrize("name", ["nonsense", "rot13", "hex", "idna", "unicode_escape", "", "a\0b", "ü"])
def test_what_is_no_encoding(name: str) -> None:
    assert not is_known(codec_for_name(name))


@pytest.mark.parametrize(
    "codec", ["cp1251", "cp932", "cp949", "big5hkscs", "gb18030", "koi8-r", "iso8859-2", "mac-roman"]
)
def test_a_shown_name_is_one_that_a_user_may_give(codec: str) -> None:
    assert codecs.lookup(codec_for_name(shown_name(codec))).name == codecs.lookup(codec).name

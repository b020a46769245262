"""The choice of a reader, and the formats that keep their text as it is."""

import codecs
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers import READERS, Skipped, choose

ICONV = "convert it, for instance with: iconv -f WINDOWS-1252 -t UTF-8"


def read(data: bytes, name: str) -> Document:
    stream = io.BytesIO(data)
    reader = choose(name, stream)
    (document,) = reader.read(stream, name)
    assert isinstance(document, Document)
    assert document.media_type == reader.media_type
    return document


def reason(data: bytes, name: str, kind: type[Unreadable]) -> str:
    with pytest.raises(Unreadable) as caught:
        read(data, name)
    assert type(caught.value) is kind
    return str(caught.value)


def headings(document: Document) -> list[tuple[int, tuple[str, ...]]]:
    return [(mark.start, mark.heading) for mark in document.marks]


@pytest.mark.parametrize(
    ("name", "head", "reader"),
    [
        ("a.txt", b"hello", "plain"),
        ("a", b"hello", "plain"),
        ("a.weird", b"hello", "plain"),
        ("a.md", b"# hello", "markdown"),
        ("A.MARKDOWN", b"# hello", "markdown"),
        ("a.rst", b"hello", "restructured"),
        ("a.jsonl", b"{}", "jsonl"),
        ("a.ndjson", b"{}", "jsonl"),
        ("a.json", b"{}", "plain"),
        ("a.json", b'\n[ {"text":', "json"),
        ("a.json", b"[1, 2]", "plain"),
        ("a", b"[{}]", "json"),
        ("a.txt", b"[{}]", "plain"),
        ("a.csv", b"a,b", "csv"),
        ("A.TSV", b"a", "csv"),
        ("a.csv", b"<!doctype html>", "html"),
        ("a.htm", b"<p>hello", "html"),
        ("a.pdf", b"%PDF-1.4", "pdf"),
        ("a.txt", b"%PDF-1.4\n\0", "pdf"),
        ("a.pdf", b"\r\njunk %PDF-1.4", "pdf"),
        ("a.txt", b"see %PDF-1.4", "plain"),
        ("a.pdf", b"<!DOCTYPE html><title>moved</title>", "html"),
        ("a.txt", b" <!-- c --><!-- d -->\n<HTML lang=en>", "html"),
        ("a.txt", b"<htmlish>", "plain"),
        ("a.txt", b"<html-element>", "plain"),
        ("a.txt", codecs.BOM_UTF8 + b"<!doctype html>", "html"),
        ("a.txt", codecs.BOM_UTF16_LE + "<!doctype html>".encode("utf-16-le"), "html"),
        ("a.txt", codecs.BOM_UTF16_BE + "hello".encode("utf-16-be"), "plain"),
        (
            "a.xml",
            b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html xmlns="http://www.w3.org/1999/xhtml">',
            "html",
        ),
        ("a.txt", b"<!--" * 1000, "plain"),
        ("a.txt", b"<!-- -->" * 500, "plain"),
    ],
)
def test_choice(name: str, head: bytes, reader: str) -> None:
    assert choose(name, io.BytesIO(head)).name == reader


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n", "binary file (PNG image)"),
        (b"\xff\xd8\xff\xe0", "binary file (JPEG image)"),
        (b"GIF89a\1\0", "binary file (GIF image)"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "binary file (WebP image)"),
        (b"\x1f\x8b", "binary file (gzip archive)"),
        (b"\x7fELF\2\1", "binary file (ELF program)"),
        (b"SQLite format 3\0", "binary file (SQLite database)"),
        (b"\xa7\x0d\r\n\0\0\0\0", "binary file (compiled Python file)"),
        (b"x\0" + b" " * 255 + b"ustar", "binary file (tar archive)"),
        (b"\0\0\0\x18ftypisom", "binary file (MP4 video)"),
        (b"MZ\x90\0", "binary file (Windows program)"),
        (b"one\0two", "binary file"),
    ],
)
def test_nothing_to_read(head: bytes, expected: str) -> None:
    assert reason(head, "file.txt", Skipped) == expected


@pytest.mark.parametrize("text", ["ID3 tags are", "OTTO the first", "BMP is", "MZ", "wOFF!", "RIFF and raff, WAVE"])
def test_words_that_begin_like_magic_are_text(text: str) -> None:
    assert read(text.encode(), "a.txt").text == text


def test_names_and_labels_of_readers_differ() -> None:
    assert len({reader.label for reader in READERS}) == len({reader.name for reader in READERS}) == len(READERS)
    assert READERS[0].label == "plain-2"


def test_the_reader_in_the_documents_reads() -> None:
    page = (Path(__file__).parents[3] / "docs" / "readers.md").read_text("utf-8")
    (source,) = re.findall("```python\n(.*?)```", page, re.DOTALL)
    imports = (
        "from collections.abc import Iterator\nfrom typing import BinaryIO\n"
        "from wherein.ingest.document import Document, Problem\n"
        "from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text\n"
        "from wherein.ingest.readers import Reader\n"
    )
    names: dict[str, Any] = {}
    exec(imports + source, names)
    data = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03,000 --> 00:00:04,000\nworld\n"
    assert list(names["READER"].read(io.BytesIO(data), "a.srt")) == [
        Document("a.srt", "Hello\nworld", "application/x-subrip")
    ]


def test_plain_text_is_kept() -> None:
    text = "one\r\ntwo\rthree\n\n\tfour \u2028 é\n"
    document = read(text.encode(), "folder/notes.txt")
    assert document == Document("notes.txt", text, "text/plain")


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


MARKDOWN = """\
---
title: "The guide"
author: Ada
tags: [a, b]
nested:
  key: value
---
# One *bold* `code`

```
# not a heading
```

> # quoted

Two
---

### Three

# Four
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_markdown(newline: str) -> None:
    text = MARKDOWN.replace("\n", newline)
    document = read(text.encode(), "guide.md")
    assert document.text == text
    assert document.title == "The guide"
    assert document.metadata == {"author": "Ada"}
    assert headings(document) == [
        (text.index("# One"), ("One bold code",)),
        (text.index("Two"), ("One bold code", "Two")),
        (text.index("### Three"), ("One bold code", "Two", "Three")),
        (text.index("# Four"), ("Four",)),
    ]


def test_markdown_titles() -> None:
    assert read(b"text\n\n## Later [link](x) &amp; <b>more</b>\n", "a.md").title == "Later link & more"
    assert read(b"text", "docs/a.md").title == "a.md"
    assert read(b"#\n\ntext", "a.md").marks == ()


@pytest.mark.parametrize(
    "text", ["---\njust a ruler\n---\n", "---\nkey: value\n", "---\n---\n# x", "text\n---\nkey: value\n---\n"]
)
def test_a_ruler_is_no_front_matter(text: str) -> None:
    assert read(text.encode(), "a.md").metadata == {}


KEYS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,8}\Z").filter(lambda key: key != "title")
VALUES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 :#,.é-]{0,20}[a-z]\Z")


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.sampled_from(["{}", "'{}'", '"{}"']), st.text(max_size=50))
def test_front_matter_round_trip(metadata: dict[str, str], quoted: str, body: str) -> None:
    lines = "".join(f"{key}: {quoted.format(value)}\n" for key, value in metadata.items())
    body = body.replace("\0", " ").encode(errors="replace").decode()
    text = f"---\n{lines}---\n# Body\n{body}"
    document = read(text.encode(), "a.md")
    assert document.metadata == metadata
    assert document.text == text
    assert document.marks[0] == Mark(text.index("# Body"), heading=("Body",))


@given(st.text(st.sampled_from("#-= `>\r\n\tab*[](){}_~+0."), min_size=1, max_size=200).filter(str.strip))
@pytest.mark.parametrize("name", ["a.md", "a.rst", "a.txt"])
def test_text_is_kept_and_marks_fit(name: str, text: str) -> None:
    document = read(text.encode(), name)
    assert document.text == text
    starts = [mark.start for mark in document.marks]
    assert starts == sorted(set(starts))
    for mark in document.marks:
        assert mark.start == 0 or text[mark.start - 1] in "\r\n"
        assert all(mark.heading)


RST = """\
=========
The title
=========

Intro
=====

A paragraph, then ``code``::

    Not a heading
    -------------

======  =====
Simple  table
======  =====
a       b
======  =====

----------

:ref:`Part <target>` two
------------------------

Short
--

Hi
==
"""


def test_restructured_text() -> None:
    document = read(RST.encode(), "a.rst")
    assert document.text == RST
    assert document.title == "The title"
    assert headings(document) == [
        (0, ("The title",)),
        (RST.index("Intro"), ("The title", "Intro")),
        (RST.index(":ref:"), ("The title", "Intro", "Part two")),
        (RST.index("Hi\n"), ("The title", "Hi")),
    ]
    assert read(b"text only", "x/a.rst").title == "a.rst"

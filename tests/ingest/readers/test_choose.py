"""The choice of a reader."""

import codecs
import io
import re
from pathlib import Path
from typing import Any

import pytest

import wherein
from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.registry import all_readers


@pytest.mark.parametrize(
    ("name", "head", "reader"),
    [
        ("a.txt", b"hello", "plain"),
        ("a", b"hello", "plain"),
        ("a.weird", b"hello", "plain"),
        ("a.md", b"# hello", "markdown"),
        ("A.MARKDOWN", b"# hello", "markdown"),
        ("a.rst", b"hello", "restructured"),
        ("a.org", b"* hello", "org"),
        ("A.ADOC", b"= hello", "asciidoc"),
        ("a.typ", b"= hello", "typst"),
        ("a.textile", b"h1. hello", "wiki"),
        ("a.docbook", b"<chapter><para>hello</para></chapter>", "xml"),
        ("a", b'<!DOCTYPE book PUBLIC "-//OASIS//DTD DocBook XML V4.5//EN" "d"><book/>', "xml"),
        ("a", b"<!DOCTYPE is a declaration of XML", "plain"),
        ("a.jsonl", b"{}", "jsonl"),
        ("a.ndjson", b"{}", "jsonl"),
        ("a.json", b"{}", "json"),
        ("a.json", b'\n[ {"text":', "json"),
        ("a.json", b"[1, 2]", "json"),
        ("A.JSON", b'"text"', "json"),
        ("a.json", b"{ // not valid", "json"),
        ("a.geojson", b"{}", "json"),
        ("a", b"{}", "plain"),
        ("a", b"[{}]", "json"),
        ("a.txt", b"[{}]", "plain"),
        ("a.jsonl", b"[\n {}", "json"),
        ("a.ndjson", b"[1]", "jsonl"),
        ("a.jsonl", b'{\n "a": 1\n}\n', "json"),
        ("a.ndjson", b'[\r\n "a"\n]\n', "json"),
        ("a.jsonl", b"{\n", "json"),
        ("a", b'{\n "a": 1\n}\n', "plain"),
        ("a.json", b'{"a": 1}\r\n\n{"a', "jsonl"),
        ("a.json", b'{"a": "' + b"x" * 9000 + b'"}\n{"a": 2}\n', "jsonl"),
        ("a.json", b'{"a": 1}\n', "json"),
        ("a.json", b'{\n"a": {}}\n{}\n', "json"),
        ("a.json", b'{"a": {}\n{"b": 1}', "json"),
        ("a", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("a.txt", b'{"a": 1}\n{"a": 2}\n', "plain"),
        ("a.csv", b"a,b", "csv"),
        ("A.TSV", b"a", "csv"),
        ("a.csv", b"<!doctype html>", "html"),
        ("a.htm", b"<p>hello", "html"),
        ("a.html", b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n\r\n<html>", "mhtml"),
        ("a.htm", b"From: a@example.org\nDate: Thu, 2 May 2024 10:00:00 +0200\n\n<p>hello", "mail"),
        ("a.html", b"Note: hello", "html"),
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
        ("a.doc", b"\r\n{\\rtf1\\ansi x}", "rtf"),
        ("a.rtf", b"{\\pard x}", "rtf"),
        ("a.tex", b"{\\pard x}", "latex"),
        ("a.xls", b"<table><tr><td>x</table>", "html"),
        ("a.xls", b"Name\tCity\nQuince\tLund\n", "csv"),
        ("a.xls", b"one line\nof words\twith a tab\n", "plain"),
        ("a.doc", b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n", "mail"),
        ("a.txt", b"<!-- -->" * 500, "plain"),
    ],
)
def test_choice(name: str, head: bytes, reader: str) -> None:
    assert choose(name, io.BytesIO(head)).name == reader


def test_names_and_labels_of_readers_differ() -> None:
    assert (
        len({reader.label for reader in all_readers()})
        == len({reader.name for reader in all_readers()})
        == len(all_readers())
    )
    assert all_readers()[0].label == "plain-9"


def test_the_reader_in_the_documents_reads() -> None:
    page = (Path(wherein.__file__).parent / "docs" / "readers.md").read_text("utf-8")
    (source,) = re.findall("```python\n(.*?)```", page, re.DOTALL)
    imports = (
        "from collections.abc import Iterator\nfrom typing import BinaryIO\n"
        "from wherein.ingest.document import Document, Problem\n"
        "from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text\n"
        "from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader\n"
    )
    names: dict[str, Any] = {}
    exec(imports + source, names)
    data = b"; a comment\nkey = value\n"
    assert list(names["READER"].read(io.BytesIO(data), "a.ini")) == [Document("a.ini", "key = value", "text/x-ini")]

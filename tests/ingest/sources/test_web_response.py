"""What a server sends, within limits: its media type, its encodings, and a body that is cut short."""

import codecs
import gzip
from http.server import BaseHTTPRequestHandler

import pytest

from web_server import Answer, Site, fetch, refused, text


@pytest.mark.parametrize(
    ("kind", "path", "name", "body", "expected"),
    [
        ("text/html; charset=iso-8859-1", "/a.php", "a.php.html", b"<meta charset=utf-8><p>caf\xe9", "café"),
        ("text/html; charset=nonsense", "/", "127.0.0.1.html", "<meta charset=utf-8><p>é".encode(), "é"),
        ("text/html; charset=utf-8", "/a", "a.html", b"<meta charset=iso-8859-2><p>caf\xe9", "caf\u00e9"),
        ("text/html", "/a", "a.html", b"<meta charset=iso-8859-1><p>caf\xe9", "café"),
        ("text/html; charset=koi8-r", "/a", "a.html", codecs.BOM_UTF8 + "<p>é".encode(), "é"),
        ("text/plain; charset=latin-1", "/a.md", "a.md", b"# caf\xe9", "# café"),
        ("text/markdown", "/a?b=c", "a.md", b"# x", "# x"),
        ("application/octet-stream", "/a.txt", "a.txt", b"x", "x"),
        ("", "/a.txt", "a.txt", b"x", "x"),
        ("text/plain", "/a", "a", b"<!doctype html><p>x", "x"),
    ],
)
def test_kinds_and_encodings(web: Site, kind: str, path: str, name: str, body: bytes, expected: str) -> None:
    web.pages[path] = Answer(body, kind)
    page = fetch(web, path)
    assert page.name == name
    assert text(page) == expected


def test_invalid_bytes_of_utf_8_are_kept_for_the_reader_to_note(web: Site) -> None:
    body = "<p>Größe für Bö".encode() + b"\xf6se"
    web.pages["/a"] = Answer(body, "text/html; charset=utf-8")
    page = fetch(web, "/a")
    assert page.data == codecs.BOM_UTF8 + body
    assert text(page) == "Größe für Bö\ufffdse"


def test_compressed_responses(web: Site) -> None:
    web.pages["/a"] = Answer(b"<p>hello" * 1_000, packed=True)
    assert fetch(web, "/a").data == b"<p>hello" * 1_000
    web.pages["/a"] = Answer(b"<p>hello" * 1_000_000, packed=True)
    assert refused(web, "/a") == "larger than --max-size (1 MB)"
    web.pages["/a"] = Answer(b"x", headers={"Content-Encoding": "br"})
    assert refused(web, "/a") == "the server used an encoding that was not requested ('br')"
    web.pages["/a"] = Answer(gzip.compress(b"hello" * 100)[:-9], headers={"Content-Encoding": "gzip"})
    assert refused(web, "/a") == "the connection broke off: the response is shorter than announced"
    web.pages["/a"] = Answer(b"no gzip", headers={"Content-Encoding": "gzip"})
    assert refused(web, "/a").startswith("the connection broke off: Error -3")


def cut_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nshort")


def test_chunks_that_end_early(web: Site) -> None:
    web.pages["/a"] = Answer(raw=cut_chunks)
    assert refused(web, "/a").startswith("the connection broke off: ")

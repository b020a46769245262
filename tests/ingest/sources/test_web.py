"""Fetching a page: what is asked, what is refused, and why."""

import socket
import time
from http.server import BaseHTTPRequestHandler
from importlib.metadata import version

import pytest

from web_server import NOTHING, Answer, Site, fetch, refused, text
from wherein.errors import Unreadable
from wherein.ingest.sources.web import Gone, Web
from wherein.ingest.sources.web_response import Page, Validators


def test_a_page(web: Site) -> None:
    stamp = "Fri, 08 Jul 2011 12:08:34 GMT"
    web.pages["/a"] = Answer(b"<p>hello", headers={"ETag": '"1"', "Last-Modified": stamp})
    page = fetch(web, "/a")
    assert page == Page("a.html", b"<p>hello", Validators('"1"', stamp), 1310126914 * 10**9)
    assert text(page) == "hello"
    (robots, _), (path, headers) = web.asked
    assert (robots, path) == ("/robots.txt", "/a")
    assert headers["User-Agent"] == f"wherein/{version('wherein')}"
    assert headers["Accept-Encoding"] == "gzip"


def test_a_known_version_is_not_sent_again(web: Site) -> None:
    web.pages["/a"] = Answer(b"<p>hello", headers={"ETag": '"1"'})
    assert Web().fetch(f"{web.address}/a", 1_000, Validators('"1"', "then")) is None
    assert web.asked[-1][1]["If-Modified-Since"] == "then"
    assert fetch(web, "/a", known=Validators('"2"')).data == b"<p>hello"


def test_redirects(web: Site) -> None:
    for n in range(7):
        web.pages[f"/{n}"] = Answer(status=301 + n % 3, headers={"Location": f"/{n + 1}"})
    web.pages["/7"] = Answer(b"<p>there")
    assert fetch(web, "/2").name == "7.html"
    assert refused(web, "/1") == "redirects more than 5 times"
    web.pages["/0"] = Answer(status=302, headers={"Location": "/0"})
    assert refused(web, "/0") == "redirects more than 5 times"
    for place in ("file:///etc/passwd", "ftp://x/y", "http://user:word@x/", "https://", "http://[x"):
        web.pages["/0"] = Answer(status=307, headers={"Location": place})
        assert refused(web, "/0") == f"redirects to {place!r}, which is not a web page"


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone(web: Site, status: int) -> None:
    web.pages["/a"] = Answer(status=status)
    with pytest.raises(Gone, match=rf"^there is no such page \({status}\)$"):
        fetch(web, "/a")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "the server answered 500 (Internal Server Error)"),
        (403, "the server answered 403 (Forbidden)"),
        (204, "the server answered 204 (No Content)"),
        (301, "the server answered 301 (Moved Permanently)"),
    ],
)
def test_other_answers(web: Site, status: int, reason: str) -> None:
    web.pages["/a"] = Answer(status=status)
    assert refused(web, "/a") == reason


def test_robots(web: Site) -> None:
    rules = b"User-agent: *\nDisallow: /private\n\nUser-agent: wherein\nDisallow: /not-you\nAllow: /\n"
    web.pages.update({path: Answer(b"<p>x") for path in ("/private", "/not-you", "/a")})
    web.pages["/robots.txt"] = Answer(rules, "text/plain")
    assert refused(web, "/not-you") == f"{web.address}/robots.txt does not allow it"
    assert fetch(web, "/private").data == b"<p>x"
    web.pages["/b"] = Answer(status=302, headers={"Location": "/not-you"})
    assert refused(web, "/b") == f"{web.address}/robots.txt does not allow it"
    for status in (401, 403, 404, 410, 451):  # RFC 9309, 2.3.1.3: no rules that can be seen
        web.pages["/robots.txt"] = Answer(status=status)
        assert fetch(web, "/a").data == b"<p>x"
    for status, phrase in ((500, "Internal Server Error"), (503, "Service Unavailable"), (429, "Too Many Requests")):
        web.pages["/robots.txt"] = Answer(status=status)
        assert refused(web, "/a") == f"the server answered {status} ({phrase}) for robots.txt"
    web.pages["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /a\n" + b"# long\n" * 200_000, packed=True)
    assert refused(web, "/a") == f"{web.address}/robots.txt does not allow it"
    web.pages["/robots.txt"] = Answer("User-agent: *\nDisallow: /*.pdf$\nAllow: /a\n".encode("utf-16"), "text/plain")
    web.pages["/x.pdf"] = Answer(b"<p>x")
    assert refused(web, "/x.pdf") == f"{web.address}/robots.txt does not allow it"
    assert fetch(web, "/a").data == b"<p>x"
    web.pages["/robots.txt"] = Answer(b"\xff\0" * 100 + b"<html>", "text/html")
    assert fetch(web, "/a").data == b"<p>x"
    web.paths()
    visitor = Web()
    for _ in range(2):
        visitor.fetch(f"{web.address}/a", 100, NOTHING)
    assert web.paths() == ["/robots.txt", "/a", "/a"]


def silent(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Hands out a header byte by byte, so that the server is never silent."""
    try:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Long: ")
        for _ in range(40):
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        pass


def endless(handler: BaseHTTPRequestHandler) -> None:
    try:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        pass


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nonly this")


def noise(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\xff\xfenoise\r\n\r\n")


@pytest.mark.parametrize(
    ("raw", "limits", "reason"),
    [
        (silent, {"timeout": 0.2}, "cannot be fetched: the server timed out"),
        (dripping, {"deadline": 0.5}, "took longer than 0.5 seconds"),
        (endless, {}, "larger than --max-size (1 MB)"),
        (cut, {}, "the connection broke off: the response is shorter than announced"),
        (noise, {}, "cannot be fetched: "),
    ],
)
def test_servers_that_misbehave(web: Site, raw: object, limits: dict[str, float], reason: str) -> None:
    web.pages["/a"] = Answer(raw=raw)  # type: ignore[arg-type]
    assert refused(web, "/a", **limits).startswith(reason)


def test_no_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(Unreadable, match=r"^cannot be fetched: connection refused$"):
        Web().fetch(address, 100, NOTHING)

"""A web server on this machine, for tests: well-formed and malformed pages by path."""

import gzip
import io
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose
from wherein.ingest.sources.web import Web
from wherein.ingest.sources.web_response import Page, Validators


@dataclass
class Answer:
    """A response; `raw`, if there is one, writes all of it in place of status line, headers and body."""

    body: bytes = b""
    kind: str = "text/html"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    packed: bool = False
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


@dataclass
class Site:
    """The pages by path, and the path and the headers of each request."""

    address: str
    pages: dict[str, Answer]
    asked: list[tuple[str, dict[str, str]]]

    def paths(self) -> list[str]:
        paths = [path for path, _ in self.asked]
        self.asked.clear()
        return paths


@contextmanager
def site(host: str = "127.0.0.1") -> Iterator[Site]:
    pages: dict[str, Answer] = {}
    asked: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers)))
            answer = pages.get(self.path, Answer(b"nothing", status=404))
            if answer.raw is not None:
                answer.raw(self)
                return
            etag = answer.headers.get("ETag")
            if etag and self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            body = gzip.compress(answer.body) if answer.packed else answer.body
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            if answer.kind:
                self.send_header("Content-Type", answer.kind)
            if answer.packed:
                self.send_header("Content-Encoding", "gzip")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Site(f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}", pages, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


NOTHING = Validators()


def fetch(web: Site, path: str = "/", limit: int = 1_000_000, known: Validators = NOTHING, **limits: float) -> Page:
    page = Web(**limits).fetch(web.address + path, limit, known)
    assert page is not None
    return page


def refused(web: Site, path: str = "/", **options: float) -> str:
    with pytest.raises(Unreadable) as caught:
        fetch(web, path, **options)  # type: ignore[arg-type]
    return str(caught.value)


def text(page: Page) -> str:
    stream = io.BytesIO(page.data)
    (document,) = choose(page.name, stream).read(stream, page.name)
    assert isinstance(document, Document)
    return document.text

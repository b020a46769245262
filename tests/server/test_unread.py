"""A client gets the answer to a request whose body was not read, however it sends it."""

import socket

import pytest

from served import Served, serving
from wherein.library import Library
from wherein.server.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"
BODY = b"a" * 3_000_000


def head(path: str, *lines: str, version: str = "1.1", method: str = "POST") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/{version}", *lines, "", "")).encode()


def answers(served: Served, request: bytes, body: bytes) -> bytes:
    """Send a request and return all that comes until the server closes the connection; fails when it resets it."""
    with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(request)
        connection.sendall(body)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


REFUSED = [
    (401, "/v1/query", ("Host: localhost",)),
    (421, "/v1/query", ("Host: evil.example",)),
    (403, "/v1/query", ("Host: localhost", "Origin: https://evil.example")),
    (413, "/v1/query", ("Host: localhost", f"Authorization: Bearer {TOKEN}")),
    (404, "/nothing", ("Host: localhost", f"Authorization: Bearer {TOKEN}")),
    (422, "/v1/query?a=b", ("Host: localhost", f"Authorization: Bearer {TOKEN}")),
]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(("status", "path", "lines"), REFUSED)
def test_a_refusal_arrives_while_the_body_is_sent(
    library: Library, status: int, path: str, lines: tuple[str, ...], version: str
) -> None:
    body = BODY if status in (401, 403, 413, 421) else BODY[:1_000_000]
    with serving(library, Settings(token=TOKEN), Authorization=f"Bearer {TOKEN}") as served:
        request = head(path, *lines, "Connection: close", f"Content-Length: {len(body)}", version=version)
        answer = answers(served, request, body)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.count(b"HTTP/1.1") == 1
        assert served.get("/v1/documents").status_code == 200


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_a_client_that_waits_for_the_answer_is_not_asked_for_the_body(served: Served, expect: tuple[str, ...]) -> None:
    request = head("/v1/query", "Host: localhost", "Content-Length: 3000000", *expect)
    with socket.create_connection(("127.0.0.1", served.port), 1) as connection:  # less than a body is waited for
        connection.sendall(request)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_a_connection_whose_body_does_not_come_is_closed(library: Library) -> None:
    with serving(library, Settings(token=TOKEN), Authorization=f"Bearer {TOKEN}") as served:
        answer = answers(served, head("/v1/query", "Host: localhost", "Content-Length: 3000000"), b"aaa")
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"connection: close" in answer.lower()


def test_what_is_left_of_a_body_is_not_the_next_request(served: Served) -> None:
    smuggled = head("/healthz", "Host: localhost", method="GET")
    request = head("/nothing", "Host: localhost", f"Content-Length: {len(smuggled)}")
    assert answers(served, request, smuggled).count(b"HTTP/1.1") == 1


def test_a_connection_without_a_body_is_kept(served: Served) -> None:
    request = head("/nothing", "Host: localhost", "Content-Length: 0")
    last = head("/nothing", "Host: localhost", "Connection: close", method="GET")
    assert answers(served, request, last).count(b"HTTP/1.1 404") == 2

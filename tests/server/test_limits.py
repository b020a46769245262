"""What is too large, too slow or too much is refused, and the server goes on answering."""

import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from awaiting import until
from served import Served, serving
from wherein.library import Library
from wherein.server.settings import Settings

IMPATIENT = Settings(head_seconds=0.5, body_seconds=0.5)


def head(served: Served, *lines: str) -> bytes:
    return "\r\n".join(("POST /v1/query HTTP/1.1", f"Host: localhost:{served.port}", *lines, "", "")).encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def alive(served: Served) -> bool:
    """Whether a question is answered; a busy machine may exceed the limit of an impatient server some times."""
    return any(served.post("/v1/query", json={"question": "cats"}).status_code == 200 for _ in range(50))


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(served: Served) -> None:
    answer = served.raw(head(served, "Content-Length: 10000000000"))
    assert status_of(answer) == 413
    assert b"too_large" in answer
    assert alive(served)


def test_a_body_without_a_length_is_refused_when_it_is_too_large(served: Served) -> None:
    def parts() -> object:
        for _ in range(100):
            yield b" " * 65_536

    response = served.post("/v1/query", content=parts())
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert alive(served)


def test_a_file_that_is_too_large_is_refused(library: Library) -> None:
    with serving(library, Settings(max_upload=1_000)) as served:
        for asked in (
            {"params": {"name": "a.txt"}, "content": b"a" * 1_001},
            {"files": {"file": ("a.txt", b"a" * 1_001)}},
        ):
            response = served.post("/v1/documents", **asked)
            assert (response.status_code, response.json()["code"]) == (413, "too_large")
        assert served.done(served.post("/v1/documents", params={"name": "a.txt"}, content=b"a " * 500)).state == "done"


@pytest.mark.parametrize("lines", [("Content-Length: 10",), ("Transfer-Encoding: chunked",)])
def test_a_body_that_does_not_come_is_given_up(library: Library, lines: tuple[str, ...]) -> None:
    with serving(library, IMPATIENT) as served:
        answer = served.raw(head(served, *lines))
        assert status_of(answer) == 408
        assert b"body_too_slow" in answer
        assert alive(served)


def test_a_client_that_leaves_while_it_sends_is_no_failure_of_the_server(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "wherein.server"):
        with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
            connection.sendall(head(served, "Content-Length: 1000") + b"{")
        until(lambda: any(message.startswith("POST /v1/query 400 ") for message in caplog.messages))
    assert not any("failed" in message for message in caplog.messages)


def test_a_body_that_drips_is_given_up(library: Library) -> None:
    with serving(library, IMPATIENT) as served, socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(head(served, "Content-Length: 1000"))
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert status_of(connection.recv(65_536)) == 408
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_head_that_does_not_come_is_given_up(library: Library, start: bytes) -> None:
    with serving(library, IMPATIENT) as served:
        assert served.raw(start) == b""
        assert alive(served)


def test_a_head_that_drips_on_a_used_connection_is_given_up(library: Library) -> None:
    with serving(library, IMPATIENT) as served:
        whole = f"GET /healthz HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode()
        answer = served.raw(whole + b"GET /v1")
        assert answer.count(b"HTTP/1.1") == 1
        assert b'{"status":"ok"}' in answer


def test_blank_lines_do_not_hold_a_used_connection(library: Library) -> None:
    with serving(library, IMPATIENT) as served, socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(f"GET /nothing HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode())
        time.sleep(0.2)
        assert status_of(connection.recv(65_536)) == 404
        connection.sendall(b"\r\n")
        assert connection.recv(65_536) == b""


@pytest.mark.parametrize("part", [b"a: " + b"b" * 100_000, b"a: b\r\n" * 20_000])
def test_a_head_that_is_too_large_is_refused(served: Served, part: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + part)
        answer = connection.recv(65_536)
    assert status_of(answer) == 431
    assert alive(served)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"\0" * 1_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(served: Served, data: bytes) -> None:
    assert status_of(served.raw(data)) == 400
    assert alive(served)


def test_a_question_that_takes_too_long_is_given_up(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    answer = library.query
    with serving(library, Settings(body_seconds=2, request_seconds=0.5)) as served:
        monkeypatch.setattr(library, "query", lambda *_, **__: release.wait(20))
        response = served.post("/v1/query", json={"question": "cats"})
        assert (response.status_code, response.json()["code"]) == (503, "too_slow")
        assert response.headers["Retry-After"] == "5"
        assert served.service.runner.admitted == 1  # its thread is not free yet
        release.set()
        monkeypatch.setattr(library, "query", answer)
        assert alive(served)


def test_more_questions_than_may_wait_are_refused_and_all_others_answered(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, answer = threading.Event(), library.query

    def slow(*given: object, **named: object) -> object:
        assert release.wait(20)
        return answer(*given, **named)  # type: ignore[arg-type]

    with serving(library, Settings(threads=2, queue=3)) as served, ThreadPoolExecutor(20) as clients:
        monkeypatch.setattr(library, "query", slow)
        asked = [clients.submit(served.post, "/v1/query", json={"question": "cats"}) for _ in range(20)]
        until = time.monotonic() + 20
        while sum(one.done() for one in asked) < 15 and time.monotonic() < until:
            time.sleep(0.01)
        assert served.get("/healthz").status_code == 200
        assert served.get("/readyz").status_code == 200
        release.set()
        answers = [one.result() for one in asked]
    assert sorted(one.status_code for one in answers) == [200] * 5 + [429] * 15
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.json()["code"] == "too_many_requests"
    assert refused.headers["Retry-After"] == "1"


def test_more_changes_than_may_wait_are_refused(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    release, ingest = threading.Event(), library.ingest_stream

    def slow(*given: object, **named: object) -> object:
        assert release.wait(20)
        return ingest(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "ingest_stream", slow)
    with serving(library, replace(Settings(), tasks=2, max_upload=100)) as served:
        answers = [served.post("/v1/documents", params={"name": f"{n}"}, content=b"a text") for n in range(6)]
        accepted = [one for one in answers if one.status_code == 202]
        assert {one.status_code for one in answers[len(accepted) :]} == {429}
        assert len(accepted) in (2, 3)  # the first may have been begun
        release.set()
        assert {served.done(one).state for one in accepted} == {"done"}


def test_limits_are_clamped_with_a_note(served: Served) -> None:
    answer = served.post("/v1/query", json={"question": "cats", "limit": 5_000, "context": 99}).json()
    assert answer["notes"][:2] == [
        "limit was reduced to 1,000, the most that this server gives at once",
        "context was reduced to 2, the most that this server gives at once",
    ]
    assert served.post("/v1/query", json={"question": "cats", "context": 10**9}).json()["notes"][:1] == [
        "context was reduced to 50, the most that this server gives at once"
    ]
    assert served.get("/v1/documents", params={"limit": 10**9}).json()["notes"] == [
        "limit was reduced to 1,000, the most that this server gives at once"
    ]
    assert served.get("/v1/documents/1", params={"length": 10**9}).json()["notes"] == [
        "length was reduced to 1,000,000, the most that this server gives at once"
    ]
    assert served.get("/v1/chunks/1", params={"context": 51}).json()["notes"] == [
        "context was reduced to 50, the most that this server gives at once"
    ]
    assert served.get("/v1/problems", params={"limit": 1_001}).json()["notes"] == [
        "limit was reduced to 1,000, the most that this server gives at once"
    ]

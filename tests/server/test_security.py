"""Who is kept out: another name of the host, pages of other sites, those without the token."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served, serving
from wherein.library import Library
from wherein.server.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def guarded(library: Library) -> Iterator[Served]:
    with serving(library, Settings(token=TOKEN, allow_hosts=("search.example",))) as served:
        yield served


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8080",
        "user@127.0.0.1",
        "127.0.0.1/x",
        "[::2]",
        "10.0.0.1",
    ],
)
def test_another_name_of_the_host_is_refused(served: Served, host: str) -> None:
    response = served.get("/v1/documents", headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "search.example", "Search.Example:443"]
)
def test_the_names_of_this_machine_and_those_that_were_allowed_are_not(guarded: Served, host: str) -> None:
    assert guarded.get("/v1/documents", headers={"Host": host, "Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n",
        b"GET /healthz HTTP/1.1\r\nHost:\r\n",
        b"GET /healthz HTTP/1.0\r\n",
    ],
)
def test_a_request_without_one_host_is_refused(served: Served, head: bytes) -> None:
    assert served.raw(head + b"Connection: close\r\n\r\n").split(b" ")[1] in (b"421", b"400")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "file://", "http://[", "x", ""]
)
def test_a_page_of_another_site_is_refused(served: Served, origin: str) -> None:
    for response in (
        served.post("/v1/query", json={"question": "cats"}, headers={"Origin": origin}),
        served.client.delete("/v1/documents/1", headers={"Origin": origin}),
        served.get("/v1/documents", headers={"Origin": origin}),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "wrong_origin")
    assert len(served.get("/v1/documents").json()["documents"]) == 3


def test_the_own_page_is_not_also_behind_a_proxy_with_tls(served: Served, guarded: Served) -> None:
    own = f"http://127.0.0.1:{served.port}"
    assert served.post("/v1/query", json={"question": "cats"}, headers={"Origin": own}).status_code == 200
    proxied = {"Host": "search.example", "Origin": "https://search.example", "Authorization": f"Bearer {TOKEN}"}
    assert guarded.post("/v1/query", json={"question": "cats"}, headers=proxied).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "site", "mode", "status"),
    [
        ("GET", "/v1/documents", "cross-site", "no-cors", 403),
        ("GET", "/v1/documents", "same-site", "cors", 403),
        ("GET", "/v1/documents", "cross-site", "navigate", 200),
        ("POST", "/v1/reindex", "cross-site", "navigate", 403),
        ("GET", "/v1/documents", "same-origin", "cors", 200),
        ("GET", "/v1/documents", "none", "navigate", 200),
    ],
)
def test_what_a_browser_says_of_the_site_is_believed(
    served: Served, method: str, path: str, site: str, mode: str, status: int
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert served.client.request(method, path, headers=headers).status_code == status


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}0", f"Bearer {TOKEN.upper()}", TOKEN,
        f"Token {TOKEN}", "Basic", "Basic !", f"Basic {TOKEN}", basic("", ""), basic(TOKEN, ""), basic("me", TOKEN[1:]),
        "Bearer é".encode("latin-1"),
    ],
)  # fmt: skip
def test_without_the_token_nothing_is_answered(guarded: Served, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (
        ("GET", "/v1/documents"),
        ("POST", "/v1/query"),
        ("GET", "/metrics"),
        ("GET", "/nothing"),
        ("GET", "/openapi.json"),
    ):
        response = guarded.client.request(method, path, headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "no_token")
        schemes = [line.split()[0] for line in response.headers.get_list("WWW-Authenticate")]
        assert schemes == ["Bearer", "Basic"]


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic("", TOKEN), basic("me", TOKEN)])
def test_with_the_token_all_is(guarded: Served, authorization: str) -> None:
    assert guarded.get("/v1/documents", headers={"Authorization": authorization}).status_code == 200


def test_probes_need_no_token(guarded: Served) -> None:
    assert guarded.get("/healthz").json() == {"status": "ok"}
    assert guarded.get("/readyz").json() == {"status": "ready"}


def test_every_answer_has_the_headers(served: Served, guarded: Served) -> None:
    answers = [
        served.get("/v1/documents"), served.get("/nothing"), served.post("/v1/query", content=b"{"),
        served.get("/v1/documents/1/original"), served.get("/", headers={"Host": "evil"}), guarded.get("/v1/documents"),
        served.post("/v1/query", content=b"x" * 2_000_000), served.get("/metrics"),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 404, 400, 200, 421, 401, 413, 200]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers


def test_an_unexpected_failure_is_answered_without_what_failed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret question")

    monkeypatch.setattr(served.service.library, "query", fail)
    response = served.post("/v1/query", json={"question": "the secret question"})
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "secret" not in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_log_has_no_question_unless_it_is_asked_for(
    library: Library, caplog: pytest.LogCaptureFixture, docs: Path
) -> None:
    caplog.set_level("INFO", "wherein.server")
    for log_questions in (False, True):
        caplog.clear()
        with serving(library, Settings(log_questions=log_questions)) as served:
            assert served.post("/v1/query", json={"question": "secret cats\nfaked line"}).status_code == 200
            assert served.get("/v1/documents", params={"after": "secret"}).status_code == 200
            served.get("/v1/a%0afaked line")
        lines = [record.getMessage() for record in caplog.records if record.name == "wherein.server"]
        assert any(line.startswith("POST /v1/query 200 ") for line in lines)
        assert [line for line in lines if "secret" in line] == (
            ["question 'secret cats\\nfaked line'"] if log_questions else []
        )
        assert not any("\n" in line for line in lines)


def test_a_websocket_is_refused(served: Served) -> None:
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    head = "\r\n".join(("GET / HTTP/1.1", f"Host: localhost:{served.port}", *upgrade, "", ""))
    assert b" 101 " not in served.raw(head.encode(), wait=1).split(b"\r\n")[0]


def test_answers_do_not_tell_other_sites_anything(served: Served) -> None:
    response = served.client.options(
        "/v1/query", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]

"""Every operation that the API describes is asked for what it answers, and answers as it is described."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from served import Served, serving
from toy import ToyEncoder
from wherein.library import Library
from wherein.server.app import OPERATIONS
from wherein.server.errors import PROBLEM_TYPE, Problem
from wherein.server.links import Link

Ask = Callable[[Served], httpx.Response]


def a_change(served: Served) -> httpx.Response:
    return served.post("/v1/documents", params={"name": "a"}, content=b"text")


def a_task(served: Served) -> httpx.Response:
    return served.get(a_change(served).headers["Location"])


ASK: dict[str, Ask] = {
    "query": lambda s: s.post("/v1/query", json={"question": "lease"}),
    "list_documents": lambda s: s.get("/v1/documents"),
    "get_document": lambda s: s.get("/v1/documents/1"),
    "get_original": lambda s: s.get("/v1/documents/1/original"),
    "remove_document": lambda s: s.client.delete("/v1/documents/1"),
    "upload_documents": lambda s: s.post("/v1/documents", params={"name": "note.txt"}, content=b"A note."),
    "add_sources": lambda s: s.post("/v1/sources", json={"sources": list(s.service.settings.roots)}),
    "reindex": lambda s: s.post("/v1/reindex", json={}),
    "list_tasks": lambda s: s.get("/v1/tasks"),
    "get_task": a_task,
    "get_chunk": lambda s: s.get("/v1/chunks/1"),
    "get_status": lambda s: s.get("/v1/status"),
    "list_problems": lambda s: s.get("/v1/problems"),
    "list_sources": lambda s: s.get("/v1/sources"),
    "create_embeddings": lambda s: s.post("/v1/embeddings", json={"input": "cats"}),
    "get_health": lambda s: s.get("/healthz"),
    "get_readiness": lambda s: s.get("/readyz"),
    "get_metrics": lambda s: s.get("/metrics"),
    "get_description": lambda s: s.get("/openapi.json"),
}


def test_every_operation_is_asked() -> None:
    assert set(ASK) == {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_answers_as_described(served: Served, operation: Any) -> None:
    response = ASK[operation.name](served)
    status, kind = next(iter(operation.answers.items()))
    assert response.status_code == status, response.text
    if isinstance(kind, tuple):
        assert response.headers["Content-Type"].startswith(kind)
    else:
        assert response.headers["Content-Type"] == "application/json"
        msgspec.json.decode(response.content, type=kind)


LINKS = [(operation, link) for operation in OPERATIONS for link in operation.links]


@pytest.mark.parametrize(("operation", "link"), LINKS, ids=[f"{one.name} {link.to}" for one, link in LINKS])
def test_every_link_leads_from_an_answer_to_another(served: Served, operation: Any, link: Link) -> None:
    served.done(a_change(served))
    answer = ASK[operation.name](served).json()
    given = {name: value_at(answer, pointer) for name, pointer in link.given.items()}
    target = next(one for one in OPERATIONS if one.name == link.to)
    response = served.client.request(target.method, target.path.replace("{id}", str(given.pop("id", ""))), params=given)
    assert response.status_code in target.answers, response.text


def value_at(answer: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("/").split("/"):
        answer = answer[int(part) if isinstance(answer, list) else part]
    return answer


def test_the_description_has_the_links(served: Served) -> None:
    described = served.get("/openapi.json").json()["paths"]["/v1/query"]["post"]["responses"]["200"]["links"]
    assert set(described) == {"get_chunk", "get_document", "get_original"}
    assert described["get_chunk"] == {
        "operationId": "get_chunk",
        "description": "The best passage with its neighbors",
        "parameters": {"id": "$response.body#/hits/0/chunk"},
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_refuses_what_it_does_not_know(served: Served, operation: Any) -> None:
    path = operation.path.replace("{id}", "1")
    asked: dict[str, Any] = {"content": b'{"unknown": 1}'} if operation.has_body else {"params": {"unknown": "1"}}
    response = served.client.request(operation.method, path, **asked)
    problem = msgspec.json.decode(response.content, type=Problem)
    assert (response.status_code, response.headers["Content-Type"]) == (422, PROBLEM_TYPE)
    assert (problem.status, problem.code, problem.title) == (422, "invalid", "Unprocessable Entity")
    assert problem.message == problem.detail == "Object contains unknown field `unknown`"
    assert problem.hint


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/query", "POST"),
        ("/v1/documents", "GET, HEAD, POST"),
        ("/v1/documents/1", "DELETE, GET, HEAD"),
        ("/v1/sources", "GET, HEAD, POST"),
    ],
)
def test_after_a_wrong_method_all_right_ones_are_named(served: Served, path: str, allowed: str) -> None:
    response = served.client.options(path)
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "no_such_path"),
        ("GET", "/v1/query", 405, "wrong_method"),
        ("PUT", "/v1/documents", 405, "wrong_method"),
        ("GET", "/v1/documents/99", 404, "no_such_document"),
        ("GET", "/v1/documents/99/original", 404, "no_such_document"),
        ("DELETE", "/v1/documents/99", 404, "no_such_document"),
        ("GET", "/v1/chunks/99", 404, "no_such_chunk"),
        ("GET", "/v1/tasks/99", 404, "no_such_task"),
        ("GET", "/v1/documents/x", 422, "invalid"),
        ("GET", "/v1/documents/0", 422, "invalid"),
        ("GET", "/v1/documents/9223372036854775808", 422, "invalid"),
        ("GET", "/v1/documents?limit=0", 422, "invalid"),
        ("GET", "/v1/documents?limit=1&limit=2", 422, "invalid"),
        ("GET", "/v1/documents/1?id=2", 422, "invalid"),
        ("GET", "/v1/chunks/1?id=1", 422, "invalid"),
        ("DELETE", "/v1/documents/1?id=2", 422, "invalid"),
        ("GET", "/v1/chunks/1?context=-1", 422, "invalid"),
    ],
)
def test_a_problem_has_a_code_a_message_and_a_hint(
    served: Served, method: str, path: str, status: int, code: str
) -> None:
    response = served.client.request(method, path)
    problem = msgspec.json.decode(response.content, type=Problem)
    assert (response.status_code, problem.status, problem.code) == (status, status, code)
    assert response.headers["Content-Type"] == PROBLEM_TYPE
    assert problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b"question=cats", 400, "not_json"),
        (b'{"question": "\xff"}', 400, "not_json"),
        (b'{"question": "\\ud800"}', 400, "not_json"),
        (b'{"question": NaN}', 400, "not_json"),
        (b"[" * 100_000, 422, "invalid"),
        (b'{"question": ' + b'{"a":' * 50_000, 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'"cats"', 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"question": ""}', 422, "invalid"),
        (b'{"question": "  "}', 422, "invalid"),
        (b'{"question": 1}', 422, "invalid"),
        (b'{"question": "a", "limit": 0}', 422, "invalid"),
        (b'{"question": "a", "limit": 1e3}', 422, "invalid"),
        (b'{"question": "a", "limit": 100000000000000000000000}', 422, "invalid"),
        (b'{"question": "a", "mode": "words"}', 422, "invalid"),
        (b'{"question": "a", "type": ["nonsense"]}', 422, "invalid"),
        (b'{"question": "a", "where": "year >"}', 422, "invalid"),
        (b'{"question": "a", "since": "yesterday"}', 422, "invalid"),
        (b'{"question": "a", "min_score": 2}', 422, "invalid"),
        (b'{"question": "a", "in": "notes"}', 422, "invalid"),
        (b'{"question": "a", "mode": "semantic", "strict": true}', 422, "invalid"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_makes_no_sense_is_a_problem(served: Served, body: bytes, status: int, code: str) -> None:
    response = served.post("/v1/query", content=body)
    problem = msgspec.json.decode(response.content, type=Problem)
    assert (response.status_code, problem.code) == (status, code), problem.message


def test_a_parameter_beside_a_body_is_refused(served: Served) -> None:
    response = served.post("/v1/query", params={"limit": 1}, json={"question": "cats"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_an_empty_library_takes_uploads_and_says_that_it_is_empty(tmp_path: Path) -> None:
    with Library(tmp_path / "new", encoder=ToyEncoder()) as library, serving(library) as served:  # type: ignore[arg-type]
        for method, path, body in (
            ("POST", "/v1/query", {"question": "cats"}),
            ("GET", "/v1/documents", None),
            ("GET", "/v1/status", None),
            ("POST", "/v1/embeddings", {"input": "cats"}),
        ):
            response = served.client.request(method, path, json=body)
            assert (response.status_code, response.json()["code"]) == (409, "not_possible"), response.text
        assert served.get("/readyz").status_code == 200
        assert (
            served.done(served.post("/v1/documents", params={"name": "a.txt"}, content=b"Cats sleep.")).state == "done"
        )
        assert served.post("/v1/query", json={"question": "cats"}).json()["hits"][0]["uri"] == "stdin:a.txt"


def test_base64_and_numbers_are_the_same_vector(served: Served) -> None:
    numbers = served.post("/v1/embeddings", json={"input": ["cats", "dogs"]}).json()["data"]
    packed = served.post("/v1/embeddings", json={"input": ["cats", "dogs"], "encoding_format": "base64"}).json()["data"]
    for one, other in zip(numbers, packed, strict=True):
        vector = np.frombuffer(base64.b64decode(other["embedding"]), "<f4")
        assert np.array_equal(np.array(one["embedding"], np.float32), vector)


def test_the_description_refers_only_to_what_it_has(served: Served) -> None:
    described = served.get("/openapi.json").json()
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described)))
    assert referred <= set(described["components"]["schemas"])
    for path, operations in described["paths"].items():
        for operation in operations.values():
            in_path = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert in_path == ({"id"} if "{id}" in path else set())

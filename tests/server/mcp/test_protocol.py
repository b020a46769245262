"""Clients of the SDK list, call and page through the tools: in memory, over standard streams and over HTTP."""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette

from wherein.library import Library
from wherein.server.mcp.protocol import create_server, http_endpoint
from wherein.server.mcp.writing import Roots

READING, WRITING = {"search", "get", "status"}, {"ingest", "forget"}


async def use(client: Client) -> list[str]:
    """List the tools, search, page on, and read the best document."""
    assert {tool.name for tool in (await client.list_tools()).tools} == READING
    first = await client.call_tool("search", {"question": "who may sign the lease?", "limit": 1})
    second = await client.call_tool("search", {"question": "who may sign the lease?", "limit": 1, "offset": 1})
    texts = [result.content[0].text for result in (first, second)]  # type: ignore[union-attr]
    citation = re.search(r"^1\. (\S+) ", texts[0], re.MULTILINE)
    assert citation
    document = await client.call_tool("get", {"name": citation[1]})
    wrong = await client.call_tool("get", {"name": citation[1], "page": 2})
    assert wrong.is_error
    with pytest.raises(MCPError, match="There is no tool 'ingest'; there are search, get, status"):
        await client.call_tool("ingest", {"paths": ["/"]})
    return [*texts, document.content[0].text]  # type: ignore[union-attr]


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(work)


def check(texts: list[str]) -> None:
    assert re.search(r"^1\. file:///\S+/lease\.md#1 ", texts[0], re.MULTILINE)
    assert "The owner may sign the lease." in texts[0]
    assert re.search(r"^2\. file:///\S+#\d+ ", texts[1], re.MULTILINE)
    assert "The owner may sign the lease." in texts[2]


def test_in_memory(library: Library) -> None:
    async def work() -> list[str]:
        async with Client(create_server(library)) as client:
            return await use(client)

    check(run(work))


def test_over_http_as_a_part_of_another_application(library: Library) -> None:
    endpoint = http_endpoint(library)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with endpoint.running():
            yield

    app = Starlette(routes=endpoint.routes, lifespan=lifespan)

    async def work() -> list[str]:
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://library") as http,
            Client(streamable_http_client("http://library/mcp", http_client=http)) as client,
        ):
            return await use(client)

    check(run(work))


@pytest.mark.workers
def test_over_standard_streams_with_the_shipped_model(
    open_library: Callable[[], Library], docs: Path, environment: dict[str, str]
) -> None:
    open_library().ingest([docs])
    command = ["-W", "ignore", "-m", "wherein", "--precision", "w8a32", "mcp"]
    server = StdioServerParameters(command=sys.executable, args=command, env=environment)

    async def work() -> list[str]:
        async with Client(stdio_client(server)) as client:
            assert client.server_info is None or client.server_info.name == "wherein"
            return await use(client)

    check(run(work))


@pytest.mark.workers
def test_standard_output_holds_nothing_but_the_protocol(
    open_library: Callable[[], Library], docs: Path, environment: dict[str, str]
) -> None:
    """Also while files are read and embedded, which may print and warn."""
    open_library().ingest([docs / "bread.md"])
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    calls = [
        ("initialize", hello),
        ("tools/list", {}),
        ("tools/call", {"name": "ingest", "arguments": {"paths": [str(docs)]}}),
        ("tools/call", {"name": "search", "arguments": {"question": "lease"}}),
        ("tools/call", {"name": "search", "arguments": {"question": 5}}),
        ("nonsense", {}),
    ]
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": name, "params": parameters})
        for number, (name, parameters) in enumerate(calls)
    ]
    lines.insert(1, json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    command = [sys.executable, "-m", "wherein", "mcp", "--allow-write", "--root", str(docs)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    answers = {}
    for line in lines:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        if "id" in json.loads(line):
            answer = json.loads(process.stdout.readline())
            answers[answer["id"]] = answer
    rest, _ = process.communicate(timeout=60)
    assert rest == ""
    assert process.returncode == 0
    assert all(answer["jsonrpc"] == "2.0" for answer in answers.values())
    assert "2 new" in answers[2]["result"]["content"][0]["text"]
    assert answers[4]["result"]["isError"] is True
    assert "error" in answers[5]


def test_only_with_roots_are_there_tools_that_write(library: Library, docs: Path) -> None:
    async def work() -> list[Any]:
        async with Client(create_server(library, Roots.of([str(docs)]))) as client:
            return list((await client.list_tools()).tools)

    tools = run(work)
    assert {tool.name for tool in tools} == READING | WRITING
    for tool in tools:
        assert tool.input_schema["additionalProperties"] is False
        assert all(field["description"] for field in tool.input_schema["properties"].values())
        assert len(tool.description) > 80
        assert tool.annotations.read_only_hint is (tool.name in READING)


def test_many_calls_at_once_are_answered_as_one_by_one(library: Library) -> None:
    questions = [f"clause {number}" for number in range(20)]

    async def work() -> bool:
        async with Client(create_server(library)) as client:
            texts: dict[str, str] = {}

            async def ask(question: str) -> None:
                result = await client.call_tool("search", {"question": question})
                texts[question] = result.content[0].text  # type: ignore[union-attr]

            async with anyio.create_task_group() as group:
                for question in questions:
                    group.start_soon(ask, question)
            alone = [await client.call_tool("search", {"question": question}) for question in questions]
            return [texts[one] for one in questions] == [result.content[0].text for result in alone]  # type: ignore[union-attr]

    assert run(work)


def test_a_name_that_is_not_unicode_does_not_break_the_protocol(library: Library, docs: Path) -> None:
    path = os.fsencode(docs) + b"/caf\xe9.txt"
    with open(path, "w") as file:  # noqa: PTH123
        file.write("The zebra crosses the road.")
    library.ingest([docs])

    async def work() -> str:
        async with Client(create_server(library)) as client:
            result = await client.call_tool("search", {"question": "zebra", "limit": 1})
            return str(result.content[0].text)  # type: ignore[union-attr]

    assert "/caf%E9.txt#1 " in run(work)


def test_a_closed_stream_costs_a_sentence(environment: dict[str, str]) -> None:
    command = f"exec {sys.executable} -m wherein mcp <&-"
    ended = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "wherein: Standard input or output was closed before the end\n"

"""The tools for agents at `/mcp` of the HTTP server, with a real client of the SDK."""

from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from served import Served, serving
from wherein.library import Library
from wherein.server.mcp import mounted
from wherein.server.settings import Settings

TOKEN = "0123456789abcdef"


def tools_at(served: Served, headers: dict[str, str]) -> list[str]:
    async def work() -> list[str]:
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(f"http://127.0.0.1:{served.port}/mcp", http_client=http)) as client,
        ):
            result = await client.call_tool("search", {"question": "who may sign the lease?", "limit": 1})
            assert "The owner may sign the lease." in result.content[0].text  # type: ignore[union-attr]
            return sorted(tool.name for tool in (await client.list_tools()).tools)

    return anyio.run(work)


def test_an_agent_reads_through_the_server(library: Library, docs: Path) -> None:
    """Also where clients may ingest: an agent has no tool that changes anything."""
    with serving(library, Settings(roots=(str(docs),))) as served:
        assert tools_at(served, {}) == ["get", "search", "status"]
        assert tools_at(served, {}) == ["get", "search", "status"]
        assert served.get("/healthz").status_code == 200


def test_the_checks_of_the_server_hold_for_agents(library: Library) -> None:
    with serving(library, Settings(token=TOKEN)) as served:
        assert served.post("/mcp", json={}).status_code == 401
        foreign = {"Origin": "http://evil.example", "Authorization": f"Bearer {TOKEN}"}
        assert served.post("/mcp", json={}, headers=foreign).status_code == 403
        assert tools_at(served, {"Authorization": f"Bearer {TOKEN}"}) == ["get", "search", "status"]


def test_without_the_extra_the_answer_says_what_to_install(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounted, "find_spec", lambda _: None)
    with serving(library, Settings()) as served:
        answer = served.post("/mcp", json={})
    assert (answer.status_code, answer.json()["code"]) == (501, "no_mcp")
    assert answer.json()["hint"] == "install the extra `mcp` where the server runs, and start it again"

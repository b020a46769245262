"""A server of the Model Context Protocol: over the standard streams of a process, or as a part of an HTTP server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, TextIO

import anyio
import anyio.to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ListedTool
from pydantic import ValidationError
from starlette.routing import BaseRoute

from wherein.errors import LibraryBusy, WhereinError
from wherein.library import Library
from wherein.server.mcp.arguments import described
from wherein.server.mcp.tools import INSTRUCTIONS, Tool, tools
from wherein.server.mcp.writing import Roots
from wherein.server.surfaces import AGENT

__all__ = ["Endpoint", "create_server", "http_endpoint", "serve_stdio"]

_BUSY = "Another process is writing to the library; try again in a moment"


def create_server(library: Library, roots: Roots | None = None) -> Server[Any]:
    """Return the server for a library; only with `roots` has it tools that change the library."""
    known = tools(library, roots)

    async def list_tools(_: object, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_listed(tool) for tool in known.values()])

    async def call_tool(_: object, asked: CallToolRequestParams) -> CallToolResult:
        if asked.name not in known:
            raise MCPError(INVALID_PARAMS, f"There is no tool {asked.name[:80]!a}; there are {', '.join(known)}")
        # In a thread: others may ask meanwhile.
        return await anyio.to_thread.run_sync(partial(_result, known[asked.name], asked.arguments or {}))

    return Server(
        "wherein", version=version("wherein"), title="Wherein", instructions=INSTRUCTIONS,
        on_list_tools=list_tools, on_call_tool=call_tool,
    )  # fmt: skip


def _listed(tool: Tool) -> ListedTool:
    annotations = ToolAnnotations(
        read_only_hint=not tool.changes, destructive_hint=tool.name == "forget", idempotent_hint=True,
        open_world_hint=False,
    )  # fmt: skip
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.schema,
        annotations=annotations,
    )


def _result(tool: Tool, arguments: dict[str, Any]) -> CallToolResult:
    """Call a tool; what is wrong with a call is a result, which the agent can correct."""
    try:
        return _text(tool.call(tool.arguments.model_validate(arguments)))
    except ValidationError as error:
        return _text(described(error), is_error=True)
    except LibraryBusy:
        return _text(_BUSY, is_error=True)
    except WhereinError as error:
        return _text(AGENT.say(str(error)), is_error=True)


def _text(text: str, *, is_error: bool = False) -> CallToolResult:
    # Surrogates stand for bytes that are not UTF-8, which JSON cannot hold.
    text = text.encode("utf-8", "replace").decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)


def serve_stdio(library: Library, roots: Roots | None = None) -> None:
    """Serve over standard input and output until the input ends. Nothing else may be written to the output."""

    server = create_server(library, roots)

    async def serve(read: TextIO, written: TextIO) -> None:
        async with stdio_server(anyio.wrap_file(read), anyio.wrap_file(written)) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    with _own_streams() as (read, written):
        try:
            anyio.run(serve, read, written)
        except BaseExceptionGroup as group:  # of the tasks that read and write
            if group.split(OSError)[1]:
                raise
            raise WhereinError("Standard input or output was closed before the end") from group


@contextmanager
def _own_streams() -> Iterator[tuple[TextIO, TextIO]]:
    """Lend standard input and output; whatever else reads meanwhile finds nothing, and is written to standard error."""
    sys.stdout.flush()
    with (
        os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace", newline="\n") as read,
        os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n") as written,
        open(os.devnull, "rb") as nothing,  # noqa: PTH123 - no path of a user's
    ):
        os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        try:
            yield read, written
        finally:
            os.dup2(read.fileno(), 0)
            os.dup2(written.fileno(), 1)


@dataclass(frozen=True)
class Endpoint:
    """The server as routes of an application, and the context in which they answer, to be entered once."""

    routes: Sequence[BaseRoute]
    running: Callable[[], AbstractAsyncContextManager[None]]


def http_endpoint(library: Library, roots: Roots | None = None, path: str = "/mcp") -> Endpoint:
    """Return the server over streamable HTTP, as a part of another application.

    It keeps no sessions, and checks neither Host, Origin nor a token: the application around it does.
    """
    server = create_server(library, roots)
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path=path, json_response=True, stateless_http=True, transport_security=unchecked
    )
    return Endpoint(app.routes, server.session_manager.run)

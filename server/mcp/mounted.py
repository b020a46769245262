"""The tools for agents at `/mcp` of the HTTP server: they only read, and cost nothing until they are used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from wherein.library import Library
from wherein.server.errors import ProblemError, problem_response
from wherein.server.part import Part
from wherein.server.service import Service

if TYPE_CHECKING:
    from wherein.server.mcp.protocol import Endpoint

__all__ = ["agents"]

_PATH = "/mcp"
_MISSING = "This server has no tools for agents", "install the extra `mcp` where the server runs, and start it again"


def agents(service: Service) -> Part:
    """Return the part of the server that speaks the Model Context Protocol."""
    mounted = _Mounted(service.library)
    return Part([Route(_PATH, mounted)], mounted.running, endless=(_PATH,))


class _Mounted:
    """The endpoint, made at the first request: to import the SDK takes as long as to answer a first question."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = anyio.Lock()
        self._router: Router | None = None
        self._group: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The time during which requests are answered."""
        async with anyio.create_task_group() as group:
            self._group = group
            yield
            group.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if find_spec("mcp") is None:
            await problem_response(ProblemError(501, "no_mcp", *_MISSING))(scope, receive, send)
            return
        async with self._lock:
            if self._router is None:
                self._router = await self._start()
        await self._router(scope, receive, send)

    async def _start(self) -> Router:
        assert self._group is not None
        endpoint = await anyio.to_thread.run_sync(_endpoint, self._library)
        await self._group.start(_keep_running, endpoint)
        return Router(endpoint.routes)


def _endpoint(library: Library) -> Endpoint:
    from wherein.server.mcp.protocol import http_endpoint

    return http_endpoint(library, path=_PATH)


async def _keep_running(endpoint: Endpoint, *, task_status: TaskStatus[None]) -> None:
    async with endpoint.running():
        task_status.started()
        await anyio.sleep_forever()

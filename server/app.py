"""The server's application: its parts, and what every request passes through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from threading import Thread
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from wherein.errors import WhereinError
from wherein.library import Library
from wherein.server.errors import ProblemError, problem_response
from wherein.server.failures import Failures
from wherein.server.limits import Limit, Limits
from wherein.server.log import AccessLog
from wherein.server.mcp.mounted import agents
from wherein.server.metrics import Measuring, Metrics
from wherein.server.operations import Operation
from wherein.server.page.routes import page
from wherein.server.part import Part
from wherein.server.routes import documents, embeddings, holdings, passages, probes, questions, tasks
from wherein.server.runner import Runner
from wherein.server.security import Guard, SecurityHeaders
from wherein.server.service import Service
from wherein.server.settings import Settings
from wherein.server.tasks import Tasks
from wherein.server.unread import Unread

__all__ = ["OPERATIONS", "PARTS", "Part", "create_app"]

_API: tuple[Operation[Any], ...] = (
    *questions.OPERATIONS, *documents.OPERATIONS, *passages.OPERATIONS, *tasks.OPERATIONS, *holdings.OPERATIONS,
    *embeddings.OPERATIONS, *probes.OPERATIONS,
)  # fmt: skip
OPERATIONS = (*_API, probes.description_of(_API))
"""Every operation of the HTTP API."""


def _api(service: Service) -> Part:
    return Part([operation.route(service) for operation in OPERATIONS])


PARTS: tuple[Callable[[Service], Part], ...] = (_api, page, agents)
"""What makes the parts of a server; another protocol is added here."""


def create_app(library: Library, settings: Settings, parts: Sequence[Callable[[Service], Part]] = PARTS) -> Starlette:
    """Return the application that serves a library; the library is closed by whoever opened it."""
    service = _service(library, settings)
    made = [part(service) for part in parts]
    endless = tuple(path for part in made for path in part.endless)
    uploads = ("/v1/documents", *(path for part in made for path in part.uploads))

    @asynccontextmanager
    async def serving(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in made:
                if part.running:
                    await stack.enter_async_context(part.running())
            service.tasks.start()
            Thread(target=_warm_up, args=[service], name="wherein-warm-up").start()
            try:
                yield
            finally:
                service.stopping.set()
                service.tasks.close()
                service.runner.close()

    # The outermost first. The limits are inside of the guard: a stranger's body reaches no part of the server.
    middleware = [
        Middleware(Unread),
        Middleware(AccessLog),
        Middleware(SecurityHeaders),
        Middleware(Guard, settings=settings, is_open=_open_paths().__contains__),
        Middleware(Failures),
        Middleware(Measuring, metrics=service.metrics),
        Middleware(Limits, limit_of=lambda scope: _limit(scope, settings, endless, uploads)),
    ]
    app = Starlette(
        routes=[route for part in made for route in part.routes],
        middleware=middleware,
        exception_handlers={ProblemError: _on_problem, HTTPException: _on_http},
        lifespan=serving,
    )
    app.state.service = service
    return app


def _service(library: Library, settings: Settings) -> Service:
    metrics, runner = Metrics(), Runner(settings.threads, settings.queue)
    waiting = Tasks(settings.tasks, 4 * settings.max_upload)
    metrics.watch("wherein_admitted_requests", "Requests that use the library or wait for it.", lambda: runner.admitted)
    metrics.watch("wherein_pending_tasks", "Changes that wait or are being made.", lambda: waiting.pending)
    return Service(library, settings, runner, waiting, metrics)


def _warm_up(service: Service) -> None:
    """Load the model and the indexes by a question, so that no user's question waits for them."""
    try:
        service.library.query("ready", 1)
    except WhereinError:  # an empty library; any other error is reported with the first question
        pass
    finally:
        service.warm.set()


def _open_paths() -> frozenset[str]:
    return frozenset(operation.path for operation in OPERATIONS if not operation.guarded)


def _limit(scope: Scope, settings: Settings, endless: tuple[str, ...], uploads: tuple[str, ...]) -> Limit:
    path, transfer = scope["path"], settings.transfer_seconds
    if scope["method"] == "POST" and path in uploads:
        return Limit(settings.max_upload + settings.max_body, transfer, transfer + settings.request_seconds)
    if path.endswith("/original"):
        return Limit(settings.max_body, settings.body_seconds, transfer)
    is_endless = any(path == prefix or path.startswith(f"{prefix}/") for prefix in endless)
    return Limit(
        settings.max_body, settings.body_seconds,
        None if is_endless else settings.body_seconds + settings.request_seconds,
    )  # fmt: skip


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error)


async def _on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: an unknown path, another method, a malformed form."""
    assert isinstance(error, HTTPException)
    code = {404: "no_such_path", 405: "wrong_method"}.get(error.status_code, "refused")
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem_response(ProblemError(error.status_code, code, error.detail, "see: GET /openapi.json", headers))


def _allowed(request: Request) -> str:
    """Return the methods of all operations at the path of a request; the framework names those of one of them."""
    routes = (
        one for one in request.app.routes if isinstance(one, Route) and one.matches(request.scope)[0] != Match.NONE
    )
    return ", ".join(sorted({method for route in routes for method in route.methods or ()}))

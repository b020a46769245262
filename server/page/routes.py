"""The routes of the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wherein.errors import WhereinError
from wherein.server.errors import ProblemError, problem_of
from wherein.server.log import log
from wherein.server.operations import Call
from wherein.server.page import assets
from wherein.server.page.cards import Answered, answered
from wherein.server.page.holdings import holdings, jobs
from wherein.server.page.menus import menus
from wherein.server.page.reading import Wanted, reading
from wherein.server.page.search import Search
from wherein.server.page.templates import render
from wherein.server.part import Part
from wherein.server.routes import tasks
from wherein.server.schemas import UploadRequest
from wherein.server.service import Service
from wherein.server.surfaces import PAGE

__all__ = ["page"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# With `no-referrer` a browser would send the forms with the origin `null`, which is refused.
_HEADERS = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"}
_UPLOADS = "/library/uploads"
_OPERATIONS = {operation.name: operation for operation in tasks.OPERATIONS}
_MAX_FIELDS = 10
_NO_SOURCES = "There is nothing to follow, or too much at once", "name 1 to 100 folders, files or web pages"

Handler = Callable[[Service, Request], Awaitable[Response]]


def page(service: Service) -> Part:
    """Return the page as a part of the server."""
    handlers: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/", _home),
        ("GET", "/results", _results),
        ("GET", "/documents/{id}", _document),
        ("GET", "/library", _library),
        ("GET", "/library/tasks", _tasks),
        ("POST", _UPLOADS, _upload),
        ("POST", "/library/sources", _follow),
        ("POST", "/library/reindex", _reindex),
    )
    routes = [Route(path, partial(_handled, service, handler), methods=[method]) for method, path, handler in handlers]
    return Part([*routes, Route(assets.ROUTE, assets.send_asset)], uploads=(_UPLOADS,))


async def _handled(service: Service, handler: Handler, request: Request) -> Response:
    """Answer a request, if need be with a page that says what is wrong."""
    try:
        return await handler(service, request)
    except (WhereinError, ProblemError) as error:
        problem = _problem(error)
    return _html(render("problem", problem=problem), problem.status, problem.headers)


def _problem(error: WhereinError | ProblemError) -> ProblemError:
    """Return what is wrong in the words of the page, also where an operation of the API found it."""
    if isinstance(error, WhereinError):
        return problem_of(error, PAGE.say)
    return ProblemError(error.status, error.code, PAGE.say(error.message), PAGE.say(error.hint), error.headers)


def _html(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, {**(headers or {}), **_HEADERS}, "text/html; charset=utf-8")


# Questions.


async def _home(service: Service, request: Request) -> Response:
    return await service.runner.run(_home_page, service, Search.of(request.query_params))


async def _results(service: Service, request: Request) -> Response:
    return await service.runner.run(_results_part, service, Search.of(request.query_params))


def _home_page(service: Service, search: Search) -> Response:
    answer, problem = _answer(service, search)
    found, documents = _filters(service, search)
    text = render("home", search=search, answer=answer, problem=problem, menus=found, documents=documents)
    return _html(text, problem.status if problem else 200, problem.headers if problem else None)


def _results_part(service: Service, search: Search) -> Response:
    answer, problem = _answer(service, search)
    text = render("results", search=search, answer=answer, problem=problem, documents=None)
    return _html(text, problem.status if problem else 200, problem.headers if problem else None)


def _answer(service: Service, search: Search) -> tuple[Answered | None, ProblemError | None]:
    """Return the answer, None without a question, or what is wrong with it."""
    if not search.question:
        return None, None
    if service.settings.log_questions:
        log.info("question %s", ascii(search.question))
    try:
        return answered(service.library, search), None
    except WhereinError as error:
        return None, _problem(error)


def _filters(service: Service, search: Search) -> tuple[list[Any], int | None]:
    """Return the filters, and how many documents there are, None when that is not known."""
    try:
        return menus(service.library, search, date.today()), service.library.facets().documents
    except WhereinError:  # an empty library, or a wrong filter, which the answer reports
        return [], 0 if _is_empty(service) else None


def _is_empty(service: Service) -> bool:
    try:
        return not service.library.facets().documents
    except WhereinError:
        return True


# Documents.


async def _document(service: Service, request: Request) -> Response:
    given, search = request.query_params, Search.of(request.query_params)
    wanted = Wanted(_number(given.get("chunk", "")), given.get("sentence", ""), _number(given.get("start", "")) or 0)
    if (number := _number(request.path_params["id"])) is None:
        raise ProblemError(404, "no_such_document", "There is no such document", "open it from an answer")
    found = await service.runner.run(reading, service.library, number, wanted, search)
    return _html(render("document", reading=found, search=search))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


# What the library holds.


async def _library(service: Service, _: Request, problem: ProblemError | None = None) -> Response:
    found = await service.runner.run(holdings, service)
    text = render("library", holdings=found, jobs=jobs(service), problem=problem)
    return _html(text, problem.status if problem else 200, problem.headers if problem else None)


async def _tasks(service: Service, _: Request) -> Response:
    return _html(render("tasks", jobs=jobs(service)))


async def _upload(service: Service, request: Request) -> Response:
    return await _changed(service, request, "upload_documents", UploadRequest())


async def _follow(service: Service, request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=_MAX_FIELDS)
    names = [name.strip() for name in str(form.get("sources", "")).splitlines() if name.strip()]
    return await _changed(service, request, "add_sources", {"sources": names})


async def _reindex(service: Service, request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=_MAX_FIELDS)
    return await _changed(service, request, "reindex", {"accept_removals": "accept_removals" in form})


async def _changed(service: Service, request: Request, name: str, asked: object) -> Response:
    """Hand a change to the operation of that name, and show the tasks, or what is wrong with it."""
    operation: Any = _OPERATIONS[name]
    try:
        await operation.handler(Call(service, request), msgspec.convert(asked, operation.takes, from_attributes=True))
    except msgspec.ValidationError:
        return await _library(service, request, ProblemError(422, "invalid", *_NO_SOURCES))
    except (WhereinError, ProblemError) as error:
        return await _library(service, request, _problem(error))
    return RedirectResponse("/library#tasks", 303)

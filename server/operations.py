"""Operations of the HTTP API: a route, the types of what it takes and answers, and its documentation, in one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wherein.errors import WhereinError
from wherein.server.errors import ProblemError, problem_of
from wherein.server.links import Link
from wherein.server.service import Service
from wherein.server.surfaces import API

__all__ = ["Call", "NoInput", "Operation", "encoded", "json_response"]

JSON = "application/json"

Input = TypeVar("Input", bound=msgspec.Struct)


class NoInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operation without parameters takes."""


@dataclass(frozen=True)
class Call:
    """A request to an operation."""

    service: Service
    request: Request


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[Input]):
    """What one method of one path does.

    `takes` has a field for each part of the path and each parameter, or with `has_body` the members of the JSON body.
    `answers` gives for each status its type: a typed model, or a tuple of the media types of anything else. `problems`
    are the statuses of the problems that it answers, besides those that every operation may answer. `uploads` are the
    media types of a body that the handler reads itself. `links` are where its typed answers lead. Without `guarded` no
    token is asked for.
    """

    method: str
    path: str
    name: str
    summary: str
    takes: type[Input]
    handler: Callable[[Call, Input], Awaitable[Response]]
    answers: Mapping[int, Any]
    problems: tuple[int, ...] = ()
    has_body: bool = False
    uploads: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    guarded: bool = True

    def route(self, service: Service) -> Route:
        """Return the route that leads to the handler."""

        async def endpoint(request: Request) -> Response:
            taken = await self._taken(request)
            try:
                return await self.handler(Call(service, request), taken)
            except WhereinError as error:
                raise problem_of(error, API.say) from error

        return Route(self.path, endpoint, methods=[self.method], name=self.name)

    async def _taken(self, request: Request) -> Input:
        try:
            if self.has_body:
                if request.query_params:
                    raise ProblemError(
                        422, "invalid", "There are parameters besides the body", "put them into the body"
                    )
                return msgspec.json.decode(await request.body(), type=self.takes)
            return msgspec.convert(_parameters(request), self.takes, strict=False)
        except msgspec.ValidationError as error:
            raise ProblemError(422, "invalid", f"{error}", "see /openapi.json for what is accepted") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProblemError(400, "not_json", f"The body is not JSON: {error}", "send a JSON object") from None


def _parameters(request: Request) -> dict[str, str]:
    given = [*request.path_params.items(), *request.query_params.multi_items()]
    if len(dict(given)) < len(given):
        raise ProblemError(422, "invalid", "A parameter is given twice", "give each parameter once")
    return dict(given)


_encoder = msgspec.json.Encoder(enc_hook=float)  # msgspec does not know NumPy's numbers


def encoded(value: object) -> bytes:
    """Return a value of typed models as JSON."""
    return _encoder.encode(value)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of typed models."""
    return Response(encoded(value), status, headers, JSON)

"""What the library holds and follows, and what could not be read."""

from __future__ import annotations

from starlette.responses import Response

from wherein.library import Library, Status
from wherein.server.clamp import Clamp
from wherein.server.operations import Call, NoInput, Operation, json_response
from wherein.server.schemas import FileProblem, FollowedSource, ProblemPage, ProblemsRequest, SourceList
from wherein.server.surfaces import API

__all__ = ["OPERATIONS"]

_MAX_PROBLEMS = 1_000


def _problems(library: Library, asked: ProblemsRequest) -> ProblemPage:
    clamp, found = Clamp(), library.problems()
    shown = found[: clamp("limit", asked.limit, _MAX_PROBLEMS)]
    return ProblemPage(
        problems=[FileProblem(uri=one.uri, state=one.state, reason=API.say(one.reason)) for one in shown],
        more=len(found) - len(shown),
        notes=clamp.notes,
    )


def _sources(library: Library) -> SourceList:
    return SourceList(
        sources=[
            FollowedSource(id=one.id, uri=one.uri, kind=one.kind, exclude=one.exclude, added_at=one.added_at)
            for one in library.sources()
        ]
    )


async def _get_status(call: Call, _: NoInput) -> Response:
    return json_response(await call.service.runner.run(call.service.library.status))


async def _list_problems(call: Call, asked: ProblemsRequest) -> Response:
    return json_response(await call.service.runner.run(_problems, call.service.library, asked))


async def _list_sources(call: Call, _: NoInput) -> Response:
    return json_response(await call.service.runner.run(_sources, call.service.library))


OPERATIONS = (
    Operation(
        method="GET", path="/v1/status", name="get_status", summary="Say what the library holds and what is left to do",
        takes=NoInput, handler=_get_status, answers={200: Status}, problems=(409, 429, 503),
    ),
    Operation(
        method="GET", path="/v1/problems", name="list_problems", summary="List the files that could not be read",
        takes=ProblemsRequest, handler=_list_problems, answers={200: ProblemPage}, problems=(409, 429, 503),
    ),
    Operation(
        method="GET", path="/v1/sources", name="list_sources", summary="List what a reindex walks",
        takes=NoInput, handler=_list_sources, answers={200: SourceList}, problems=(409, 429, 503),
    ),
)  # fmt: skip

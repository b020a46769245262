"""What other programs ask about the server itself: whether it lives and is ready, its figures, its description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from wherein.server.errors import ProblemError
from wherein.server.metrics import METRICS_TYPE
from wherein.server.openapi import document
from wherein.server.operations import Call, NoInput, Operation, json_response
from wherein.server.schemas import Health

__all__ = ["OPERATIONS", "description_of"]


async def _live(_: Call, __: NoInput) -> Response:
    return json_response(Health(status="ok"))


async def _ready(call: Call, _: NoInput) -> Response:
    service = call.service
    if service.stopping.is_set() or not service.warm.is_set():
        state = "stopping" if service.stopping.is_set() else "starting"
        raise ProblemError(503, state, f"The server is {state}", "ask again in a second", {"Retry-After": "1"})
    return json_response(Health(status="ready"))


async def _metrics(call: Call, _: NoInput) -> Response:
    return Response(call.service.metrics.text(), headers={"Content-Type": METRICS_TYPE})


OPERATIONS = (
    Operation(
        method="GET", path="/healthz", name="get_health", summary="Say that the server is running",
        takes=NoInput, handler=_live, answers={200: Health}, guarded=False,
    ),
    Operation(
        method="GET", path="/readyz", name="get_readiness", summary="Say whether the first question would wait",
        takes=NoInput, handler=_ready, answers={200: Health}, problems=(503,), guarded=False,
    ),
    Operation(
        method="GET", path="/metrics", name="get_metrics", summary="Return figures for Prometheus",
        takes=NoInput, handler=_metrics, answers={200: ("text/plain",)},
    ),
)  # fmt: skip


def description_of(operations: Sequence[Operation[Any]]) -> Operation[NoInput]:
    """Return the operation that describes others and itself."""

    async def describe(_: Call, __: NoInput) -> Response:
        return json_response(document((*operations, described)))

    described = Operation(
        method="GET", path="/openapi.json", name="get_description", summary="Describe this API",
        takes=NoInput, handler=describe, answers={200: dict[str, Any]},
    )  # fmt: skip
    return described

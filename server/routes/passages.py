"""`GET /v1/chunks/{id}`."""

from __future__ import annotations

from starlette.responses import Response

from wherein.errors import UsageError
from wherein.library import Hit, Library
from wherein.server.clamp import Clamp
from wherein.server.errors import ProblemError
from wherein.server.links import Link
from wherein.server.operations import Call, Operation, json_response
from wherein.server.routes.questions import MAX_CONTEXT
from wherein.server.schemas import PassageRequest, PassageView, StoredPassage

__all__ = ["OPERATIONS"]

_GONE = "its document may have been read again; ask the question once more"


def _view(library: Library, asked: PassageRequest) -> PassageView:
    clamp = Clamp()
    try:
        found = library.passage(asked.id, clamp("context", asked.context, MAX_CONTEXT))
    except UsageError:
        raise ProblemError(404, "no_such_chunk", f"There is no chunk {asked.id}", _GONE) from None
    return PassageView(
        passage=_stored(found.passage),
        before=list(map(_stored, found.before)),
        after=list(map(_stored, found.after)),
        notes=clamp.notes,
    )


def _stored(hit: Hit) -> StoredPassage:
    return StoredPassage(**{name: getattr(hit, name) for name in StoredPassage.__struct_fields__})


async def _get(call: Call, asked: PassageRequest) -> Response:
    return json_response(await call.service.runner.run(_view, call.service.library, asked))


OPERATIONS = (
    Operation(
        method="GET", path="/v1/chunks/{id}", name="get_chunk", summary="Return a passage and its neighbors",
        takes=PassageRequest, handler=_get, answers={200: PassageView}, problems=(404, 409, 429, 503),
        links=(
            Link("get_document", "Its document", {"id": "/passage/document"}),
            Link("get_original", "The file of its document", {"id": "/passage/document"}),
        ),
    ),
)  # fmt: skip

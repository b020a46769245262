"""The documents of the library: listing, reading, removing them, and their files."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from wherein.errors import UsageError
from wherein.library import Library
from wherein.server.clamp import Clamp
from wherein.server.errors import ProblemError
from wherein.server.links import TO_TASK, Link
from wherein.server.operations import Call, Operation, json_response
from wherein.server.originals import FILE_TYPES, PARTS_TYPE, original_response
from wherein.server.schemas import (
    DocumentPage,
    DocumentText,
    OriginalRequest,
    PageRequest,
    RemoveRequest,
    Span,
    Task,
    TextRequest,
)
from wherein.server.surfaces import API
from wherein.server.tasks import Change
from wherein.storage.catalog.documents import ChunkRow, StoredDocument

__all__ = ["OPERATIONS", "existing"]

_MAX_PAGE = 1_000
_MAX_TEXT = 1_000_000


def existing(library: Library, number: int) -> tuple[StoredDocument, str, list[ChunkRow]]:
    """Return a document by its id, with its text and its chunks. Raises ProblemError (404) when there is none."""
    try:
        return library.document(number)
    except UsageError:
        raise ProblemError(
            404, "no_such_document", f"There is no document {number}", "see: GET /v1/documents"
        ) from None


def _page(library: Library, asked: PageRequest) -> DocumentPage:
    clamp = Clamp()
    limit = clamp("limit", asked.limit, _MAX_PAGE)
    found = list(library.documents(after=asked.after, limit=limit + 1))
    shown = list(map(_worded, found[:limit]))
    return DocumentPage(documents=shown, next=shown[-1].uri if len(found) > limit else None, notes=clamp.notes)


def _text(library: Library, asked: TextRequest) -> DocumentText:
    clamp = Clamp()
    length = clamp("length", asked.length, _MAX_TEXT)
    document, text, chunks = existing(library, asked.id)
    start = min(asked.start, len(text))
    end = min(start + length, len(text))
    spans = [
        Span(start=chunk.start, end=chunk.end, page=chunk.page, heading=chunk.heading)
        for chunk in chunks
        if chunk.start < end and start < chunk.end
    ]
    return DocumentText(
        document=_worded(document), text=text[start:end], start=start, end=end, chunks=spans, notes=clamp.notes
    )


def _worded(document: StoredDocument) -> StoredDocument:
    return replace(document, notes=tuple(map(API.say, document.notes)))


async def _list(call: Call, asked: PageRequest) -> Response:
    return json_response(await call.service.runner.run(_page, call.service.library, asked))


async def _get(call: Call, asked: TextRequest) -> Response:
    return json_response(await call.service.runner.run(_text, call.service.library, asked))


async def _original(call: Call, asked: OriginalRequest) -> Response:
    document, *_ = await call.service.runner.run(existing, call.service.library, asked.id)
    return await call.service.runner.run(original_response, document, inline=asked.inline)


async def _remove(call: Call, asked: RemoveRequest) -> Response:
    library = call.service.library
    document, *_ = await call.service.runner.run(existing, library, asked.id)

    def work(_: object) -> None:
        library.remove_documents([document.uri], purge=asked.purge)

    task = call.service.tasks.add(Change("remove", (document.uri,), work))
    return json_response(task, 202, {"Location": f"/v1/tasks/{task.id}"})


OPERATIONS = (
    Operation(
        method="GET", path="/v1/documents", name="list_documents", summary="List the documents by URI, page by page",
        takes=PageRequest, handler=_list, answers={200: DocumentPage}, problems=(409, 429, 503),
        links=(
            Link("list_documents", "The next page", {"after": "/next"}),
            Link("get_document", "The first of them", {"id": "/documents/0/id"}),
            Link("get_original", "The file of the first of them", {"id": "/documents/0/id"}),
            Link("remove_document", "Remove the first of them", {"id": "/documents/0/id"}),
        ),
    ),
    Operation(
        method="GET", path="/v1/documents/{id}", name="get_document", summary="Return a document and its text",
        takes=TextRequest, handler=_get, answers={200: DocumentText}, problems=(404, 409, 429, 503),
        links=(
            Link("get_original", "Its file", {"id": "/document/id"}),
            Link("remove_document", "Remove it", {"id": "/document/id"}),
        ),
    ),
    Operation(
        method="GET", path="/v1/documents/{id}/original", name="get_original",
        summary="Return the file of a document, if it still exists",
        takes=OriginalRequest, handler=_original, answers={200: FILE_TYPES, 206: (*FILE_TYPES, PARTS_TYPE)},
        problems=(404, 409, 416, 429, 503),
    ),
    Operation(
        method="DELETE", path="/v1/documents/{id}", name="remove_document",
        summary="Remove a document from the library; its file is left alone",
        takes=RemoveRequest, handler=_remove, answers={202: Task}, problems=(404, 409, 429, 503), links=(TO_TASK,),
    ),
)  # fmt: skip

"""What changes the library: uploads, sources and reindexes, each a task; and the tasks themselves."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from wherein.ingest.limits import MARGIN
from wherein.library import Fields, Library, Summary
from wherein.library.arguments import RULES
from wherein.server.errors import ProblemError
from wherein.server.links import TO_TASK, Link
from wherein.server.operations import Call, NoInput, Operation, json_response
from wherein.server.roots import check_sources
from wherein.server.schemas import ReindexRequest, SourcesRequest, Task, TaskList, TaskRequest, UploadRequest
from wherein.server.surfaces import API
from wherein.server.tasks import Change, Report, worded
from wherein.server.uploads import FORM_TYPE, RAW_TYPE, Upload, close_all, received, total

__all__ = ["OPERATIONS"]


def _accepted(call: Call, change: Change) -> Response:
    task = call.service.tasks.add(change)
    return json_response(task, 202, {"Location": f"/v1/tasks/{task.id}"})


async def _upload(call: Call, asked: UploadRequest) -> Response:
    most = call.service.settings.max_upload
    await call.service.runner.run(_check, asked)
    uploads = await received(call.request, asked.name, most)

    def work(report: Report) -> Summary:
        return total(_ingest(call.service.library, upload, asked, most, report) for upload in uploads)

    change = Change(
        "upload", [upload.name for upload in uploads], work, size=sum(upload.size for upload in uploads),
        release=partial(close_all, uploads),
    )  # fmt: skip
    try:
        return _accepted(call, change)
    except ProblemError:
        change.release()
        raise


def _ingest(library: Library, upload: Upload, asked: UploadRequest, most: int, report: Report) -> Summary:
    return library.ingest_stream(
        upload.name, upload.read(), fields=_fields(asked), encoding=asked.encoding,
        ocr_languages=asked.ocr_languages, max_size=most, report=report,
    )  # fmt: skip


async def _follow(call: Call, asked: SourcesRequest) -> Response:
    await call.service.runner.run(_check, asked)
    sources = await call.service.runner.run(check_sources, asked.sources, call.service.settings.roots)

    def work(report: Report) -> Summary:
        return call.service.library.ingest(
            sources, exclude=list(asked.exclude), max_size=asked.max_size, fields=_fields(asked),
            encoding=asked.encoding, ocr_languages=asked.ocr_languages, confined=True, report=report,
        )  # fmt: skip

    return _accepted(call, Change("sources", sources, work, resumes=True))


async def _reindex(call: Call, asked: ReindexRequest) -> Response:
    def work(report: Report) -> Summary:
        margin = MARGIN if asked.margin is None else asked.margin
        return call.service.library.reindex(
            index=asked.index, accept_removals=asked.accept_removals, margin=margin, report=report
        )

    return _accepted(call, Change("reindex", (), work, resumes=True))


def _check(asked: UploadRequest | SourcesRequest) -> None:
    """Raise UsageError now for what the library would refuse when the task is begun."""
    given: dict[str, object] = {
        "fields": _fields(asked),
        "encoding": asked.encoding,
        "ocr_languages": asked.ocr_languages,
    }
    if isinstance(asked, SourcesRequest):
        given["exclude"] = asked.exclude
    for name, value in given.items():
        RULES[name](name, value)


def _fields(asked: UploadRequest | SourcesRequest) -> Fields:
    return Fields(asked.text_field, asked.id_field, asked.title_field)


async def _list(call: Call, _: NoInput) -> Response:
    return json_response(TaskList(tasks=[worded(task, API.say) for task in call.service.tasks.newest()]))


async def _get(call: Call, asked: TaskRequest) -> Response:
    return json_response(worded(await call.service.tasks.ended(asked.id, asked.wait), API.say))


OPERATIONS = (
    Operation(
        method="POST", path="/v1/documents", name="upload_documents",
        summary="Ingest a file: the body itself, called `name`, or the files of a form",
        takes=UploadRequest, handler=_upload, answers={202: Task}, uploads=(RAW_TYPE, FORM_TYPE), problems=(429, 503),
        links=(TO_TASK,),
    ),
    Operation(
        method="POST", path="/v1/sources", name="add_sources",
        summary="Ingest files, folders and patterns below the server's roots, and public web pages, and follow them",
        takes=SourcesRequest, has_body=True, handler=_follow, answers={202: Task}, problems=(403, 429, 503),
        links=(TO_TASK,),
    ),
    Operation(
        method="POST", path="/v1/reindex", name="reindex",
        summary="Catch up with all sources, check a new index and swap it in",
        takes=ReindexRequest, has_body=True, handler=_reindex, answers={202: Task}, problems=(429, 503),
        links=(TO_TASK,),
    ),
    Operation(
        method="GET", path="/v1/tasks", name="list_tasks", summary="List the tasks, the newest first",
        takes=NoInput, handler=_list, answers={200: TaskList},
        links=(Link("get_task", "The newest task", {"id": "/tasks/0/id"}),),
    ),
    Operation(
        method="GET", path="/v1/tasks/{id}", name="get_task", summary="Return a task, on request when it has ended",
        takes=TaskRequest, handler=_get, answers={200: Task}, problems=(404,),
        links=(
            Link("get_task", "The state of the task later", {"id": "/id"}),
            Link("list_documents", "The documents, once the task is done"),
        ),
    ),
)  # fmt: skip

"""Files that are sent in the body of a request, or as the parts of a form; they wait on disk to be ingested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from tempfile import SpooledTemporaryFile
from typing import IO

import python_multipart  # noqa: F401 - Starlette reads forms with it, and looks for it only then
from starlette.datastructures import UploadFile
from starlette.requests import Request

from wherein.library import Summary
from wherein.server.errors import ProblemError

__all__ = ["FORM_TYPE", "MAX_FILES", "RAW_TYPE", "Upload", "close_all", "received", "total"]

RAW_TYPE = "application/octet-stream"
FORM_TYPE = "multipart/form-data"
MAX_FILES = 100
"""Files of one form."""

_IN_MEMORY = 1 << 20
_NAMELESS = "give it as ?name=report.pdf"
_NAMED_TWICE = "The files of a form have names of their own, and another is given"


@dataclass(frozen=True)
class Upload:
    """A file that was sent: its name, its bytes and their number."""

    name: str
    file: IO[bytes]
    size: int

    def read(self) -> bytes:
        """Return the bytes."""
        self.file.seek(0)
        return self.file.read()


def close_all(uploads: Iterable[Upload]) -> None:
    """Free what the files hold."""
    for upload in uploads:
        upload.file.close()


async def received(request: Request, name: str, most: int) -> list[Upload]:
    """Return the files of a request, each of at most `most` bytes; the body itself is called `name`.

    Raises ProblemError for a body that is too large (413), or is not a file (422).
    """
    kind = request.headers.get("content-type", RAW_TYPE).partition(";")[0].strip().lower()
    if kind == FORM_TYPE and name:
        raise ProblemError(422, "invalid", _NAMED_TWICE, "leave out ?name=, or send the file itself as the body")
    uploads = await _parts(request) if kind == FORM_TYPE else [await _body(request, name)]
    for upload in uploads:
        if upload.size > most:
            close_all(uploads)
            raise ProblemError(413, "too_large", f"A file has more than {most:,} bytes", "send a smaller one")
        if not upload.name or "\0" in upload.name:
            close_all(uploads)
            raise ProblemError(422, "invalid", "The file has no name, or one with a NUL character", _NAMELESS)
    return uploads


async def _parts(request: Request) -> list[Upload]:
    form = await request.form(max_files=MAX_FILES, max_fields=0)
    files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    if not files:
        raise ProblemError(422, "invalid", "The form has no file", "send one as: curl -F file=@report.pdf")
    return [Upload(part.filename or "", part.file, part.size or 0) for part in files]


async def _body(request: Request, name: str) -> Upload:
    file, size = SpooledTemporaryFile[bytes](_IN_MEMORY), 0
    try:
        async for part in request.stream():
            size += file.write(part)
    except BaseException:
        file.close()
        raise
    return Upload(name, file, size)


def total(summaries: Iterable[Summary]) -> Summary:
    """Return the figures of several runs together."""
    every = list(summaries)
    return Summary(**{field.name: sum(getattr(one, field.name) for one in every) for field in fields(Summary)})

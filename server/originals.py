"""The file that a document was read from, sent so that no browser runs anything in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from wherein.server.errors import ProblemError, problem_response
from wherein.storage.catalog.documents import StoredDocument
from wherein.uri import file_path

__all__ = ["FILE_TYPES", "PARTS_TYPE", "original_response"]

_FILE = "application/octet-stream"  # of every file but a PDF that is shown: a browser is not to guess at it
_PDF = "application/pdf"

FILE_TYPES = (_FILE, _PDF)
"""The media types of a file."""

PARTS_TYPE = "multipart/byteranges"
"""The media type of several parts of a file."""

_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
# A browser's viewer of PDFs does not work in a sandbox; it is one itself, and may load nothing from anywhere.
_VIEWER = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
_REFUSALS = {
    400: ("bad_range", "The Range of the request is malformed"),
    416: ("no_such_range", "The file does not have the Range of the request"),
}
_RANGE_HINT = "send it as Range: bytes=0-99, or leave it out"
_GONE = "the library still has the text: GET /v1/documents/{id}"


def original_response(document: StoredDocument, *, inline: bool = False) -> Response:
    """Return the file of a document; for a part of an archive or a mailbox, the whole.

    Raises ProblemError (404) where there is none.
    """
    path = file_path(document.uri)
    if path is None:
        raise _no_file(document, "was not read from a file", f"its address is {document.uri.partition('#')[0]}")
    try:
        status = os.lstat(path)
    except OSError:
        raise _no_file(document, "has no file any more") from None
    # What was read was a regular file without a link in its path; anything else is not the file that was ingested.
    if not stat.S_ISREG(status.st_mode) or os.path.realpath(path) != path:
        raise _no_file(document, "has no file any more: a link or another thing has taken its place")
    if not os.access(path, os.R_OK):
        raise _no_file(document, "has a file that cannot be read")
    shown = inline and _is_pdf(path)
    return _File(
        path,
        headers={"Content-Security-Policy": _VIEWER if shown else _SANDBOX, "X-Content-Type-Options": "nosniff"},
        media_type=_PDF if shown else _FILE,
        filename=Path(path).name.encode("utf-8", "replace").decode(),
        stat_result=status,
        content_disposition_type="inline" if shown else "attachment",
    )


class _File(FileResponse):
    """A file, or parts of it; a `Range` that makes no sense is a problem like any other, and not a line of text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        refusal: ProblemError | None = None

        async def sending(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] in _REFUSALS:
                refusal = _refused(message)
            if refusal is None:
                await send(message)

        await super().__call__(scope, receive, sending)
        if refusal:
            await problem_response(refusal)(scope, receive, send)


def _refused(message: Message) -> ProblemError:
    code, what = _REFUSALS[message["status"]]
    size = Headers(raw=message["headers"]).get("content-range")
    return ProblemError(message["status"], code, what, _RANGE_HINT, {"Content-Range": size} if size else None)


def _is_pdf(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(5) == b"%PDF-"


def _no_file(document: StoredDocument, why: str, hint: str = "") -> ProblemError:
    return ProblemError(404, "no_original", f"The document {document.id} {why}", hint or _GONE.format(id=document.id))

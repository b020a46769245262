"""The file that a document was read from, sent so that no browser runs anything in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from starlette.responses import FileResponse, Response

from wherein.server.errors import ProblemError
from wherein.storage.catalog.documents import StoredDocument
from wherein.uri import file_path

__all__ = ["FILE_TYPE", "original_response"]

FILE_TYPE = "application/octet-stream"
"""The media type of every file but a PDF that is shown: a browser is not to guess at it."""

_PDF = "application/pdf"
_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
# A browser's viewer of PDFs does not work in a sandbox; it is one itself, and may load nothing from anywhere.
_VIEWER = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
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
    return FileResponse(
        path,
        headers={"Content-Security-Policy": _VIEWER if shown else _SANDBOX, "X-Content-Type-Options": "nosniff"},
        media_type=_PDF if shown else FILE_TYPE,
        filename=Path(path).name.encode("utf-8", "replace").decode(),
        stat_result=status,
        content_disposition_type="inline" if shown else "attachment",
    )


def _is_pdf(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(5) == b"%PDF-"


def _no_file(document: StoredDocument, why: str, hint: str = "") -> ProblemError:
    return ProblemError(404, "no_original", f"The document {document.id} {why}", hint or _GONE.format(id=document.id))

"""The style, the modules and the icon of the page, at addresses that change with their content."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from wherein.server.errors import ProblemError

__all__ = ["FOLDER", "ROUTE", "send_asset"]

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parent / "assets").iterdir())
    if path.suffix in _TYPES
}

FOLDER = f"/assets/{sha256(b''.join(_FILES.values())).hexdigest()[:16]}"
"""Where the assets of this version are."""

ROUTE = "/assets/{version}/{name}"
# A page that was open before an update asks for assets that have been replaced since.
_FOREVER, _NEVER = "private, max-age=31536000, immutable", "no-store"


async def send_asset(request: Request) -> Response:
    """Send a file. Raises ProblemError (404) when there is none."""
    name = request.path_params["name"]
    if name not in _FILES:
        raise ProblemError(404, "no_such_path", "There is no such file", "load the page again")
    is_current = request.url.path == f"{FOLDER}/{name}"
    return Response(
        _FILES[name],
        headers={"Cache-Control": _FOREVER if is_current else _NEVER},
        media_type=_TYPES[Path(name).suffix],
    )

"""What may be ingested over HTTP: paths below the roots that the server was started with, and web pages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from wherein.errors import UsageError
from wherein.ingest.sources.names import source_name
from wherein.ingest.sources.scope import is_at_or_below
from wherein.server.errors import ProblemError
from wherein.uri import web_address

__all__ = ["check_sources"]

_NO_ROOTS = "start the server with --root FOLDER to allow paths below it"


def check_sources(names: Sequence[str], roots: Sequence[str]) -> list[str]:
    """Return the sources in their stored form.

    Raises ProblemError (403) for a path outside of the roots, whether or not it exists, UsageError for what is not
    a source.
    """
    return [address if (address := web_address(name)) else _path(name, roots) for name in names]


def _path(name: str, roots: Sequence[str]) -> str:
    if "\0" in name or not os.path.isabs(name):  # noqa: PTH117 - odd bytes stay
        raise UsageError("A path must be absolute: begin it with /, or send the file itself to POST /v1/documents")
    source = source_name(name)
    is_inside = any(is_at_or_below(source.path, root) for root in roots)
    if not is_inside or os.pardir in Path(source.pattern).parts:
        raise ProblemError(403, "outside_roots", "The path is not below a root of this server", _NO_ROOTS)
    if not source.pattern and not os.path.lexists(source.path):
        raise UsageError(f"There is no file or folder {name!a}; check its name")
    return source.stored

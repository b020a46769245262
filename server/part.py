"""A part of the server, such as the API or the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from starlette.routing import BaseRoute

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """A part of the server: its routes, and what has to run while it serves.

    `endless` are paths with no time limit, `uploads` those to which files may be sent.
    """

    routes: Sequence[BaseRoute]
    running: Callable[[], AbstractAsyncContextManager[object]] | None = None
    endless: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()

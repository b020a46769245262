"""The server's log: one line for each request, on standard error, without the question."""

from __future__ import annotations

import logging
import time
import traceback

from starlette.types import ASGIApp, Receive, Scope, Send

from wherein.server.watched_send import WatchedSend

__all__ = ["AccessLog", "log", "log_failure"]

log = logging.getLogger("wherein.server")


class AccessLog:
    """Logs method, path, status and duration of each request; the query string is left out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, sent = time.perf_counter(), WatchedSend(send)
        try:
            await self._app(scope, receive, sent)
        finally:
            elapsed = 1_000 * (time.perf_counter() - began)
            log.info("%s %s %d %.1f ms", scope["method"], ascii(scope["path"])[1:-1], sent.status or 0, elapsed)


def log_failure(what: str, error: BaseException) -> None:
    """Log where an error was raised, without its message, which may quote a document or a question."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s\n%s", what, type(error).__name__, frames)

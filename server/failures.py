"""What fails unexpectedly is logged, and answered like any other problem."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from wherein.server.errors import ProblemError, problem_response
from wherein.server.log import log_failure
from wherein.server.watched_send import WatchedSend

__all__ = ["Failures"]


class Failures:
    """Answers for a request that raised an error of any kind."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        sent = WatchedSend(send)
        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log_failure("a request", error)
            if sent.status:  # only the end of the connection can show it to the client
                raise
            failed = ProblemError(500, "internal", "The server failed unexpectedly", "its log says more")
            await problem_response(failed)(scope, receive, send)

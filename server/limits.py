"""Limits of size and time for every request, whoever handles it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wherein.server.errors import ProblemError, problem_response
from wherein.server.watched_send import WatchedSend

__all__ = ["Limit", "Limits"]


@dataclass(frozen=True)
class Limit:
    """The most that a request may have: bytes of its body, seconds for that to arrive, and seconds in all.

    `seconds` None is for an answer that has no end.
    """

    body: int
    body_seconds: float
    seconds: float | None


class Limits:
    """Refuses a body that is too large or too slow, and ends a request that takes too long."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[Scope], Limit]) -> None:
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, sent = self._limit_of(scope), WatchedSend(send)
        if int(Headers(scope=scope).get("content-length", 0)) > limit.body:
            await problem_response(_too_large(limit))(scope, receive, send)
            return
        try:
            async with asyncio.timeout(limit.seconds):
                await self._app(scope, _Body(receive, limit), sent)
        except TimeoutError:
            if sent.status:  # only the end of the connection can show it to the client
                raise
            late = ProblemError(
                503, "too_slow", f"The answer took longer than {limit.seconds:g} seconds", "ask for less, or try again",
                {"Retry-After": "5"},
            )  # fmt: skip
            await problem_response(late)(scope, receive, send)


class _Body:
    """Receives a body within its limits."""

    def __init__(self, receive: Receive, limit: Limit) -> None:
        self._receive = receive
        self._limit = limit
        self._received = 0
        self._is_complete = False
        self._deadline = asyncio.get_running_loop().time() + limit.body_seconds

    async def __call__(self) -> Message:
        """Return the next part. Raises ProblemError when it is too much (413), too late (408) or missing (400)."""
        if self._is_complete:  # the next message says that the client has left, and may come at any time
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise ProblemError(
                408, "body_too_slow", f"The body took longer than {self._limit.body_seconds:g} seconds",
                "send it faster, or in smaller parts",
            ) from None  # fmt: skip
        if message["type"] == "http.disconnect":
            raise ProblemError(400, "incomplete", "The connection was closed before the end of the body")
        self._received += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._received > self._limit.body:
            raise _too_large(self._limit)
        return message


def _too_large(limit: Limit) -> ProblemError:
    return ProblemError(413, "too_large", f"The body has more than {limit.body:,} bytes", "send less at a time")

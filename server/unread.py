"""Lets a client read the answer to a request whose body was not read."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Unread"]

_SECONDS = 2.0


class Unread:
    """Reads what is left of a body when the answer was sent, for a moment, and closes the connection.

    A connection that is closed with bytes unread is reset, and the client may never see the answer (RFC 9112, 9.6).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_read = "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"
        is_held = False

        async def reading() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            nonlocal is_held
            if not is_read and message["type"] == "http.response.start":
                # What is not read of the body must not be taken for the next request.
                MutableHeaders(scope=message)["Connection"] = "close"
            is_end = message["type"] == "http.response.body" and not message.get("more_body", False)
            is_held = is_end and not is_read
            await send({**message, "more_body": True} if is_held else message)

        await self._app(scope, reading, sending)
        if is_held:  # the client has the whole answer; its end closes the connection
            with suppress(TimeoutError):
                async with asyncio.timeout(_SECONDS):
                    while not is_read:
                        await reading()
            await send({"type": "http.response.body"})

"""Serves an application on a socket until the process is asked to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wherein.errors import WhereinError
from wherein.server.service import Service
from wherein.server.settings import Settings

__all__ = ["bind", "make_server", "serve"]

_IDLE_SECONDS = 30
_MAX_HEAD = 65_536
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_MAX_WAITING_CONNECTIONS = 1_024


def bind(settings: Settings) -> socket.socket:
    """Return a socket that listens. Raises WhereinError where that is not possible."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise _unavailable(settings, getattr(error, "strerror", None) or "it is not a name") from error
    try:
        listening = socket.create_server(address[:2], family=family, backlog=_MAX_WAITING_CONNECTIONS)
        # Connections inherit it. asyncio sets it only where a socket names its protocol, as this one does not; without
        # it the body of an answer waits up to 40 ms, until the client acknowledges the head.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        # Not `strerror`, to which `create_server` adds the address in Python's notation.
        raise _unavailable(settings, os.strerror(error.errno or 0)) from error


def _unavailable(settings: Settings, why: str) -> WhereinError:
    return WhereinError(
        f"Cannot listen on {settings.host} port {settings.port}: {why}; choose another with --port or --host"
    )


def make_server(app: Starlette, on_start: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """Return what serves an application until its `should_exit` is True; `on_start` is called when it listens."""
    service: Service = app.state.service
    config = uvicorn.Config(
        app, http=_Protocol, ws="none", lifespan="on", log_config=None, access_log=False, server_header=False,
        proxy_headers=False, limit_concurrency=service.settings.connections, timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=round(service.settings.shutdown_seconds),
    )  # fmt: skip
    return _Server(config, service, on_start)


def serve(app: Starlette, listening: socket.socket, on_start: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM: then finish what runs, refuse what is new, and return."""
    _log_to_stderr()
    try:
        # uvicorn raises the signal that it handled once more.
        with suppress(KeyboardInterrupt):
            make_server(app, on_start).run([listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """Calls `on_start` when it listens, and stops the service when it begins to stop."""

    def __init__(self, config: uvicorn.Config, service: Service, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._service = service
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and call `on_start`."""
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests end; meanwhile, stop the changes that can be resumed later."""
        self._service.stopping.set()
        self._service.tasks.stop()
        await super().shutdown(sockets)


class _Protocol(HttpToolsProtocol):
    """Closes a connection on which the head of a request is too slow or too large: uvicorn has no limit for either."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        service: Service = self.config.loaded_app.state.service
        self._head_seconds = service.settings.head_seconds
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Parse some bytes, and count those of a head that has no end yet."""
        if self.timeout_keep_alive_task:  # uvicorn stops its own timer at any bytes, even blank lines
            self._await_head()
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD and not self.transport.is_closing():
                self.transport.write(_HEAD_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._late.cancel()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._in_head = False
        self._late.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._late.cancel()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._late = self.loop.call_later(self._head_seconds, self.transport.close)


def _log_to_stderr() -> None:
    """Write the server's lines to standard error; uvicorn's own would repeat them, or quote what must not be logged."""
    logger = logging.getLogger("wherein.server")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

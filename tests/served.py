"""A server for tests, in a thread of the test's process, and clients that speak to it as others would."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import msgspec

from wherein.library import Library
from wherein.server.app import OPERATIONS, create_app
from wherein.server.schemas import Task
from wherein.server.service import Service
from wherein.server.serving import bind, make_server
from wherein.server.settings import Settings

TYPES = {operation.name: operation.answers for operation in OPERATIONS}


@dataclass(frozen=True)
class Served:
    """A server that runs: its address, a client, and what its operations have at hand."""

    port: int
    client: httpx.Client
    service: Service
    stop: Callable[[], None]

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.client.get(path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.client.post(path, **given)

    def typed(self, name: str, response: httpx.Response) -> Any:
        """Return the body of an answer of that operation, checked against the type that the description has."""
        assert response.status_code in TYPES[name], response.text
        return msgspec.json.decode(response.content, type=TYPES[name][response.status_code])

    def done(self, response: httpx.Response) -> Task:
        """Return the task that an answer names when it has ended."""
        assert response.status_code == 202, response.text
        ended = self.client.get(response.headers["Location"], params={"wait": 30})
        task = msgspec.json.decode(ended.content, type=Task)
        assert task.has_ended
        return task

    def raw(self, data: bytes, wait: float = 10) -> bytes:
        """Send bytes and return all that comes back until the server closes the connection, or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            connection.sendall(data)
            return _received(connection)


def _received(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except (TimeoutError, ConnectionResetError):
        pass
    return b"".join(parts)


@contextmanager
def serving(library: Library, settings: Settings = Settings(), **headers: str) -> Iterator[Served]:  # noqa: B008
    """Serve a library on a free port; the client sends `headers`."""
    settings = replace(settings, port=0)
    listening = bind(settings)
    port = listening.getsockname()[1]
    app = create_app(library, settings)
    started = threading.Event()
    server = make_server(app, started.set)
    thread = threading.Thread(target=server.run, args=[[listening]])
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()

    try:
        assert started.wait(30)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False) as client:
            assert app.state.service.warm.wait(30)
            yield Served(port, client, app.state.service, stop)
    finally:
        stop()
        listening.close()

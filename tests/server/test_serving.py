"""The socket on which the server listens."""

import socket

import pytest

from wherein.errors import WhereinError
from wherein.server.serving import bind
from wherein.server.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_written_to_a_connection_is_sent_at_once(host: str) -> None:
    with bind(Settings(host=host, port=0)) as listening, socket.create_connection(listening.getsockname()[:2]):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with bind(Settings(port=0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(WhereinError, match=f"port {port}: .*; choose another with --port or --host"):
            bind(Settings(port=port))

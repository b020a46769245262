"""How a server is reached, and its limits."""

from dataclasses import dataclass

__all__ = ["LOOPBACK", "Settings"]

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
"""The names by which this machine calls itself."""


@dataclass(frozen=True)
class Settings:
    """How a server is reached, and its limits: sizes in bytes, times in seconds.

    `token` is what every request has to present, "" for none. `allow_hosts` are names by which clients may call it
    besides `host` and those of the loopback interface. `roots` are the real paths of the folders below which paths may
    be ingested. `threads` questions are answered at once, and `queue` more may wait; `tasks` changes may wait.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token: str = ""
    allow_hosts: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    log_questions: bool = False
    max_body: int = 1 << 20
    max_upload: int = 64_000_000
    head_seconds: float = 15.0
    body_seconds: float = 30.0
    request_seconds: float = 60.0
    transfer_seconds: float = 600.0
    shutdown_seconds: float = 30.0
    threads: int = 16
    queue: int = 128
    tasks: int = 100
    connections: int = 1_000

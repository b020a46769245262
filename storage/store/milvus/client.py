"""The connection to Milvus: calls are tried again while it does not answer, and its errors become sentences."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wherein.errors import WhereinError
from wherein.installation import install_command
from wherein.storage.disk.batched import batched
from wherein.storage.store.milvus.address import MilvusAddress
from wherein.storage.store.milvus.expression import EVERYTHING
from wherein.storage.store.milvus.lite import close_lite, open_lite

if TYPE_CHECKING:
    from pymilvus import MilvusClient

__all__ = ["CALL_SECONDS", "LOAD_SECONDS", "PATIENCE", "Connection"]

Result = TypeVar("Result")
Row = dict[str, Any]

PATIENCE = 60.0
"""Seconds for which a call is tried again before the store counts as out of reach."""
CALL_SECONDS, LOAD_SECONDS = 30.0, 120.0
"""Seconds that one call may take: without a limit of them pymilvus itself tries again for some minutes."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_CONNECT_SECONDS, _FIRST_PATIENCE = 5.0, 5.0
_AT_ONCE = 1_000  # keys that are deleted together
_MISSING = "To keep a library in Milvus, install: {}"
_AWAY = "Milvus at {} does not answer ({}); start it, or wait until it is up, and run the same command again"
_REFUSED = "Milvus at {} refuses: {}"
# What servers and gRPC say of a server that is away or not up yet; all else is a refusal.
_TRANSIENT = (
    "unavailable", "connect", "deadline", "timeout", "timed out", "not ready", "not healthy", "rate limit", "cancelled",
    "channel", "broken pipe", "reset by peer", "no available", "node not found", "not fully loaded", "closed",
    "collection not loaded", "goaway", "rootcoord", "initializing", "abnormal", "server id mismatch",
)  # fmt: skip
# A server names it in any error, and in its name are words of the above.
_CHANNEL_NAME = re.compile(r"for channel \S+|\S*rootcoord-dml\S*")


class Connection:
    """A connection to the Milvus at `address`, opened on first use; for any number of threads."""

    def __init__(self, address: MilvusAddress, patience: float = PATIENCE) -> None:
        self.address = address
        self._patience = patience
        self._client: MilvusClient | None = None
        self._seen = set[str]()

    @property
    def client(self) -> MilvusClient:
        """The client; calls through it are not tried again."""
        if self._client is None:
            self._client = self._opened()
        return self._client

    def call(self, ask: Callable[[MilvusClient], Result]) -> Result:
        """Return what `ask` returns; it is called again, after a pause, while Milvus does not answer.

        It has to be of the kind that may be repeated. Raises WhereinError when Milvus refuses, or stays away.
        """
        # A server that has never answered is more likely absent than about to come back.
        patience = self._patience if self._client is not None else min(self._patience, _FIRST_PATIENCE)
        ends, pause = time.monotonic() + patience, _FIRST_PAUSE
        while True:
            try:
                return ask(self.client)
            except WhereinError:
                raise
            except Exception as error:  # of pymilvus, gRPC or the engine of Milvus Lite, which have no common base
                if not _is_transient(error):
                    raise WhereinError(_REFUSED.format(self.address.shown, _first_line(error))) from error
                self._seen.clear()
                if time.monotonic() + pause > ends:
                    raise WhereinError(_AWAY.format(self.address.shown, _first_line(error))) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def level(self, collection: str) -> str:
        """Return how up to date a read of a collection is to be.

        The first waits for all that was acknowledged before it, by any process (0.3 s on a server), and so does the
        first after a deletion; those after it see at least that, and all that this process has stored.
        """
        if collection not in self._seen:
            self._seen.add(collection)
            return "Strong"
        return "Session"

    def catch_up(self, collection: str) -> None:
        """Wait until reads of a collection see all that was acknowledged, by any process."""
        self._seen.discard(collection)
        self.query(collection, EVERYTHING, ["key"], 1)

    def query(self, collection: str, only: str, fields: Sequence[str], limit: int | None = None) -> list[Row]:
        """Return the rows of a collection that pass an expression, at most `limit` of them."""
        extra = {} if limit is None else {"limit": limit}
        return self.call(
            lambda client: list(
                client.query(
                    collection,
                    filter=only,
                    output_fields=list(fields),
                    timeout=CALL_SECONDS,
                    consistency_level=self.level(collection),
                    **extra,
                )
            )
        )

    def count(self, collection: str, only: str) -> int:
        """Return how many rows of a collection pass an expression."""
        # Not the collection's statistics, which count deleted rows. Without an expression no row is looked at.
        (row,) = self.query(collection, "" if only == EVERYTHING else only, ["count(*)"])
        return int(row["count(*)"])

    def load(self, collection: str) -> None:
        """Get a collection ready to be read, which another process may have created."""
        self.call(lambda client: client.load_collection(collection, timeout=LOAD_SECONDS))

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        """Store rows; their keys differ."""
        self.call(lambda client: client.upsert(collection, data=list(rows), timeout=CALL_SECONDS))

    def delete(self, collection: str, keys: Sequence[str]) -> None:
        """Delete rows by their keys."""
        if keys:
            self._seen.discard(collection)  # to be seen at once, a deletion has to be waited for
        for batch in batched(keys, _AT_ONCE):
            self.call(lambda client, batch=batch: client.delete(collection, ids=batch, timeout=CALL_SECONDS))  # type: ignore[misc]

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._client is not None:
            self._client.close()
            self._client = None
            self._seen.clear()
            if self.address.path is not None:
                close_lite(self.address.path)

    def _opened(self) -> MilvusClient:
        # Read when gRPC is first imported: it would write of pings and closed connections to standard error.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        try:
            from pymilvus import MilvusClient
        except ImportError as error:
            raise WhereinError(_MISSING.format(install_command("cluster"))) from error
        _silence()
        address = self.address
        try:
            where = address.url or open_lite(address.path or Path())
        except ImportError as error:
            raise WhereinError(_MISSING.format(install_command("cluster"))) from error
        return MilvusClient(uri=where, token=address.token, timeout=_CONNECT_SECONDS)


def _silence() -> None:
    """Let the packages log nothing: what they raise is reported once, as a sentence."""
    for name in ("pymilvus", "milvus_lite", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _is_transient(error: Exception) -> bool:
    message = _CHANNEL_NAME.sub("", str(error).lower())
    return isinstance(error, ConnectionError | TimeoutError) or any(part in message for part in _TRANSIENT)


def _first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    message = str(getattr(error, "message", "") or error).strip() or type(error).__name__
    return message.splitlines()[0][:300]

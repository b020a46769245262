"""What is read from the catalogue is read through this: the two kinds of connection that `connection` opens."""

import sqlite3
from typing import Any, Protocol

__all__ = ["Catalog"]


class Catalog(Protocol):
    """A reader's `sqlite3.Connection` or the writer's `sqlite_utils.Database`.

    Readers get the plain connection because a question has no use for sqlite-utils and need not wait for its import,
    which takes a tenth of a second (docs/decisions/cold-query.md).
    """

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """Run one statement."""

    def rollback(self) -> None:
        """End the transaction."""

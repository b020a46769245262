"""What is read from the catalogue is read through this: the two kinds of connection that `connection` opens."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from wherein.errors import Damaged

__all__ = ["Catalog", "typed"]


class Catalog(Protocol):
    """A reader's `sqlite3.Connection` or the writer's `sqlite_utils.Database`.

    Readers get the plain connection because a question has no use for sqlite-utils and need not wait for its import,
    which takes a tenth of a second (docs/decisions/cold-query.md).
    """

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """Run one statement."""

    def rollback(self) -> None:
        """End the transaction."""


def typed(table: str, row: Sequence[Any], *kinds: type | tuple[type, ...]) -> Sequence[Any]:
    """Return a row of a table that keeps no checksum, after a look at its values' types.

    A flipped bit can make a blob of a text, whatever the table's declaration says. Raises Damaged then.
    """
    if all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True)):
        return row
    raise Damaged(f"A row of the table {table} is damaged; run: wherein verify")

"""The interface for reading the catalog, shared by the two kinds of connection that `connection` opens."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from wherein.errors import Damaged

__all__ = ["Catalog", "typed"]


class Catalog(Protocol):
    """A reader's `sqlite3.Connection` or the writer's `sqlite_utils.Database`.

    Readers get the plain connection: importing sqlite-utils takes a tenth of a second, and a question does not need it
    (docs/decisions/cold-query.md).
    """

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """Run one statement."""

    def rollback(self) -> None:
        """End the transaction."""


def typed(table: str, row: Sequence[Any], *kinds: type | tuple[type, ...]) -> Sequence[Any]:
    """Return a row of a table without checksums, after a check of its values' types. Raises Damaged when one is wrong.

    A flipped bit can turn a text into a blob, even in a STRICT table.
    """
    if all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True)):
        return row
    raise Damaged(f"A row of the table {table} is damaged; run: wherein verify")

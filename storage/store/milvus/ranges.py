"""All rows of a collection in the order of their keys, some thousand at a time.

Keys are spread evenly over 128 bits, so they are read by ranges of them: no version of Milvus has to keep a cursor, or
to return rows in an order, for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wherein.storage.store.keys import KEY_LENGTH
from wherein.storage.store.milvus.client import Connection
from wherein.storage.store.milvus.expression import within

__all__ = ["FEW", "FEW_NARROW", "rows_in_order"]

Row = dict[str, Any]

_BITS = 4 * KEY_LENGTH
_AIM, _LIMIT = 1_000, 4_000
FEW = 500
"""Rows with texts and vectors that are read in one call."""
FEW_NARROW = 4_000
"""Rows with a few numbers or words each that are read in one call."""


def rows_in_order(
    connection: Connection, collection: str, only: str, fields: Sequence[str], few: int = FEW
) -> Iterator[dict[str, Any]]:
    """Yield the rows that pass an expression, in the order of their keys; fewer than `few` in one call."""
    wanted = ["key", *fields] if "key" not in fields else list(fields)
    rows = connection.query(collection, only, wanted, few)
    if len(rows) < few:  # as mostly
        yield from sorted(rows, key=lambda row: str(row["key"]))
        return
    parts = 1 << max(0, (connection.count(collection, only) // _AIM).bit_length())
    size = (1 << _BITS) // parts
    waiting = [(first, first + size - 1) for first in range((parts - 1) * size, -1, -size)]
    while waiting:
        low, high = waiting.pop()
        rows = connection.query(collection, f"({only}) and {within(_key(low), _key(high))}", wanted, _LIMIT)
        if len(rows) < _LIMIT:
            yield from sorted(rows, key=lambda row: str(row["key"]))
            continue
        middle = (low + high) // 2
        waiting += [(middle + 1, high), (low, middle)]


def _key(number: int) -> str:
    return f"{number:0{KEY_LENGTH}x}"

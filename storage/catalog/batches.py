"""Statements with an `IN (…)` list of any length, run in batches."""

from collections.abc import Iterator, Sequence
from typing import Any

from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.batched import batched

__all__ = ["select_in"]

# SQLite allows 32,766 bound variables in one statement (https://sqlite.org/limits.html#max_variable_number).
_BATCH_SIZE = 500


def select_in(db: Catalog, statement: str, values: Sequence[Any], *before: object) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `statement` for all `values`, in no order; `{}` in it stands for the marks of the `IN` list.

    A value may be bound twice. The parameters `before` are bound ahead of the values in each batch. NumPy arrays are to
    be passed as lists: SQLite binds no NumPy integers.
    """
    for batch in batched(values, _BATCH_SIZE):
        # Few lengths: Python keeps the last 128 statements, and to compile another takes longer than most take to run.
        batch += batch[-1:] * ((1 << (len(batch) - 1).bit_length()) - len(batch))
        yield from db.execute(statement.format(",".join("?" * len(batch))), [*before, *batch]).fetchall()

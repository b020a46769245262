"""Filters as SQL over a row `c` of `chunks` and the row `d` of `documents` that it belongs to."""

from __future__ import annotations

from typing import Any

from wherein.storage.catalog.protocol import Catalog
from wherein.storage.filters.joined import joined
from wherein.storage.store.filters import And, Equal, Filter, In, Not, Or, Prefix, Range, Value, metadata_name
from wherein.storage.store.keys import document_key

__all__ = ["define_keys", "sql"]

_COLUMNS = {
    "uri": "d.uri", "title": "d.title", "media_type": "d.media_type", "ordinal": "c.ordinal", "start": "c.start",
    "end": 'c."end"', "document": "wherein_document(d.uri)",
    "input_hash": "lower(hex(c.input_hash))",
}  # fmt: skip
_TRUE = "1 = 1"
_FALSE = "1 = 0"


def define_keys(db: Catalog) -> None:
    """Define on a connection the function by which filters compare the keys of documents."""
    connection: Any = getattr(db, "conn", db)  # a `Database` holds sqlite3's connection
    connection.create_function("wherein_document", 1, document_key, deterministic=True)


def sql(filter_: Filter) -> tuple[str, list[Value]]:
    """Return an SQL expression that is true or false, never NULL, and the values to be bound in it."""
    if isinstance(filter_, Not):
        inner, bound = sql(filter_.part)
        return f"NOT {inner}", bound
    if isinstance(filter_, And | Or):
        return _joined(filter_)
    return _test(filter_)


def _joined(filter_: And | Or) -> tuple[str, list[Value]]:
    if not filter_.parts:
        return (_TRUE if isinstance(filter_, And) else _FALSE), []
    parts = [sql(part) for part in filter_.parts]
    word = " AND " if isinstance(filter_, And) else " OR "
    return joined(word, [text for text, _ in parts]), [value for _, bound in parts for value in bound]


def _test(test: Equal | In | Prefix | Range) -> tuple[str, list[Value]]:
    if isinstance(test, In) and metadata_name(test.field) is None:
        return f"{_COLUMNS[test.field]} IN ({', '.join('?' * len(test.values))})", list(test.values)
    tests = [_compared(test.field, operator, value) for operator, value in _comparisons(test)]
    if not tests:
        return (_TRUE if isinstance(test, Range) else _FALSE), []
    word = " AND " if isinstance(test, Range) else " OR "
    return joined(word, [text for text, _ in tests]), [value for _, bound in tests for value in bound]


def _comparisons(test: Equal | In | Prefix | Range) -> list[tuple[str, Value]]:
    if isinstance(test, Equal):
        return [("=", test.value)]
    if isinstance(test, In):
        return [("=", value) for value in test.values]
    if isinstance(test, Prefix):
        return [("prefix", test.text)]
    high = "<=" if test.includes_high else "<"
    limits = ((">=", test.low), (high, test.high))
    return [(operator, value) for operator, value in limits if value is not None]


def _compared(field: str, operator: str, value: Value) -> tuple[str, list[Value]]:
    name = metadata_name(field)
    if name is None:
        return _comparison(_COLUMNS[field], operator, value)
    path = f'$."{name}"'
    test, bound = _comparison("json_extract(d.metadata, ?)", operator, value)
    # The expression occurs as often as the path has to be bound.
    paths: list[Value] = [path] * test.count("json_extract")
    return f"(coalesce(json_type(d.metadata, ?), '') IN ({_types(value)}) AND {test})", [path, *paths, *bound]


def _types(value: Value) -> str:
    if isinstance(value, bool):
        return "'true'" if value else "'false'"
    return "'text'" if isinstance(value, str) else "'integer', 'real'"


def _comparison(column: str, operator: str, value: Value) -> tuple[str, list[Value]]:
    if operator != "prefix":
        return f"{column} {operator} ?", [value]
    # Not LIKE: `%` and `_` would match anything, and case would not count.
    return f"substr({column}, 1, {len(str(value))}) = ?", [value]

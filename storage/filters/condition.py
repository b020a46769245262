"""Conditions on a document's metadata, and their translation to SQL.

A condition holds for a list if it holds for any of its elements. Texts that spell a number are compared with a number
as numbers, because some formats know only texts. No value ever becomes part of the SQL: all are bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wherein.storage.catalog.integers import bindable
from wherein.storage.filters.joined import joined

__all__ = [
    "Absent",
    "AllOf",
    "AnyOf",
    "Comparison",
    "Condition",
    "Contains",
    "Like",
    "Not",
    "Value",
    "fields_of",
    "sql",
]

Value = str | int | float | bool


@dataclass(frozen=True)
class Comparison:
    """A value of the field is `=`, `<`, `<=`, `>` or `>=` one of `values`; `operator` is one of these."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Like:
    """A value of the field matches SQL's LIKE pattern; case does not matter for A to Z."""

    field: str
    pattern: str


@dataclass(frozen=True)
class Contains:
    """A value of the field contains this text; case does not matter for A to Z."""

    field: str
    text: str


@dataclass(frozen=True)
class Absent:
    """The field is missing, null or an empty list."""

    field: str


@dataclass(frozen=True)
class Not:
    """The opposite; true also where the field is missing."""

    part: Condition


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """One of the parts holds."""

    parts: tuple[Condition, ...]


Condition = Comparison | Like | Contains | Absent | Not | AllOf | AnyOf


def fields_of(condition: Condition) -> Iterator[str]:
    """Yield the names of the fields in a condition."""
    if isinstance(condition, Not):
        yield from fields_of(condition.part)
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from fields_of(part)
    else:
        yield condition.field


def sql(condition: Condition) -> tuple[str, list[Value]]:
    """Return an SQL expression over the row `d` of `documents`, and the values to be bound in it."""
    if isinstance(condition, Not):
        inner, bound = sql(condition.part)
        return f"NOT {inner}", bound
    if isinstance(condition, AllOf | AnyOf):
        parts = [sql(part) for part in condition.parts]
        word = " AND " if isinstance(condition, AllOf) else " OR "
        return joined(word, [text for text, _ in parts]), [value for _, bound in parts for value in bound]
    if isinstance(condition, Absent):
        some, paths = _exists(condition.field, "e.type <> 'null'")
        return f"NOT {some}", paths
    test, bound = _test(condition)
    some, paths = _exists(condition.field, test)
    return some, [*paths, *bound]


def paths_of(field: str) -> list[str]:
    """Return the JSON paths at which a field is looked for, the first that exists counts.

    `a.b` is the field of that name, else b inside a. The name must contain neither `"` nor a backslash.
    """
    whole = f'$."{field}"'
    parts = field.split(".")
    return [whole, "$" + "".join(f'."{part}"' for part in parts)] if len(parts) > 1 and all(parts) else [whole]


def _exists(field: str, test: str) -> tuple[str, list[Value]]:
    paths = paths_of(field)
    path = "?" if len(paths) == 1 else "CASE WHEN json_type(d.metadata, ?) IS NULL THEN ? ELSE ? END"
    bound: list[Value] = [paths[0]] if len(paths) == 1 else [paths[0], paths[1], paths[0]]
    # json_each yields the elements of a list, the value of anything else, and nothing for a missing field.
    return f"EXISTS (SELECT 1 FROM json_each(d.metadata, {path}) e WHERE {test})", bound


# JSON's true and false are 1 and 0 to SQLite, so the type decides.
_IS_TEXT = "e.type IN ('text', 'integer', 'real')"


def _test(condition: Comparison | Like | Contains) -> tuple[str, list[Value]]:
    if isinstance(condition, Like):
        return f"{_IS_TEXT} AND CAST(e.value AS TEXT) LIKE ?", [condition.pattern]
    if isinstance(condition, Contains):
        # Not LIKE: `%` and `_` are plain characters here.
        return f"{_IS_TEXT} AND instr(lower(CAST(e.value AS TEXT)), lower(?)) > 0", [condition.text]
    tests, bound = [], list[Value]()
    for value in condition.values:
        test, values = _comparison(condition.operator, value)
        tests.append(test)
        bound += values
    return joined(" OR ", tests), bound


def _comparison(operator: str, value: Value) -> tuple[str, list[Value]]:
    if isinstance(value, bool):
        spelt = "true" if value else "false"
        return "(e.type = ? OR (e.type = 'text' AND lower(e.value) = ?))", [spelt, spelt]
    if isinstance(value, str):
        return f"({_IS_TEXT} AND CAST(e.value AS TEXT) {operator} ?)", [value]
    # Compared with a CAST to a number, a text that spells a number becomes one; any other text is greater than every
    # number, even infinity (https://sqlite.org/datatype3.html, "Type Conversions Prior To Comparison").
    number = f"e.value <= CAST(9e999 AS REAL) AND e.value {operator} CAST(? AS NUMERIC)"
    return f"(e.type NOT IN ('true', 'false') AND {number})", [bindable(value) if isinstance(value, int) else value]

"""Filters as Milvus's expressions. Every value is written as a literal of JSON, which no text can leave."""

from __future__ import annotations

import json
from collections.abc import Iterable

from wherein.storage.store.filters import And, Equal, Filter, In, Not, Or, Prefix, Range, Value, metadata_name

__all__ = ["EVERYTHING", "any_of", "expression", "holds_term", "holds_terms", "within"]

EVERYTHING, _NOTHING = 'key != ""', 'key == ""'


def expression(filter_: Filter) -> str:
    """Return the expression of a filter that `check_filter` has passed."""
    if isinstance(filter_, Not):
        return f"(not {expression(filter_.part)})"
    if isinstance(filter_, And):
        return _joined(" and ", map(expression, filter_.parts), EVERYTHING)
    if isinstance(filter_, Or):
        return _joined(" or ", map(expression, filter_.parts), _NOTHING)
    return _test(filter_)


def any_of(column: str, values: Iterable[str]) -> str:
    """Return an expression for rows with one of some texts in a column."""
    listed = ", ".join(map(_literal, values))
    return f"{column} in [{listed}]" if listed else _NOTHING


def within(low: str, high: str) -> str:
    """Return an expression for rows with a key of at least `low`, and at most `high`."""
    return f"key >= {_literal(low)} and key <= {_literal(high)}"


def holds_term(term: int) -> str:
    """Return an expression for passages with a term."""
    return f"array_contains(terms, {term})"


def holds_terms(terms: Iterable[int]) -> str:
    """Return an expression for passages with one of some terms."""
    listed = ", ".join(map(str, terms))
    return f"array_contains_any(terms, [{listed}])" if listed else _NOTHING


def _test(test: Equal | In | Prefix | Range) -> str:
    column = _column(test.field)
    if isinstance(test, Equal):
        return f"({column} == {_literal(test.value)})"
    if isinstance(test, In):
        # Not `in`, which wants values of one type.
        return _joined(" or ", [f"{column} == {_literal(value)}" for value in test.values], _NOTHING)
    if isinstance(test, Prefix):
        return _joined(" and ", _begins_with(column, test.text), f'{column} >= ""')
    high = "<=" if test.includes_high else "<"
    limits = ((">=", test.low), (high, test.high))
    tests = [f"{column} {operator} {_literal(value)}" for operator, value in limits if value is not None]
    return _joined(" and ", tests, EVERYTHING)


def _begins_with(column: str, prefix: str) -> list[str]:
    # Not `like`: what `%` and `_` stand for, and how they are escaped, differs between versions.
    after = _next_text(prefix)
    return [f"{column} >= {_literal(prefix)}"] + ([f"{column} < {_literal(after)}"] if after else [])


def _next_text(text: str) -> str:
    """Return the first text, by code points, after all that begin with this one; "" where there is none."""
    while text and text[-1] == "\U0010ffff":
        text = text[:-1]
    if not text:
        return ""
    code = ord(text[-1]) + 1
    return text[:-1] + chr(0xE000 if 0xD800 <= code < 0xE000 else code)


def _joined(word: str, parts: Iterable[str], empty: str) -> str:
    return f"({word.join(parts) or empty})"


def _column(field: str) -> str:
    name = metadata_name(field)
    return field if name is None else f"metadata[{_literal(name)}]"


def _literal(value: Value) -> str:
    # json.dumps escapes the quotes and backslashes of a text, by which it might end.
    return json.dumps(value, ensure_ascii=False)

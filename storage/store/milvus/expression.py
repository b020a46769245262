"""Filters as Milvus's expressions. Every value is written as a literal of JSON, which no text can leave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from wherein.storage.filters.joined import joined
from wherein.storage.store.filters import And, Equal, Filter, In, Not, Or, Prefix, Range, Value, metadata_name

__all__ = [
    "EVERYTHING", "SAMPLE_SIZE", "any_of", "expression", "fact_name", "holds_terms", "sampled", "within",
]  # fmt: skip

EVERYTHING, _NOTHING = 'key != ""', 'key == ""'
SAMPLE_SIZE = 1 << 16
"""The column `sample` is a number below this, spread evenly: by it a part of all passages is chosen."""


def expression(filter_: Filter) -> str:
    """Return the expression of a filter that `check_filter` has passed."""
    if isinstance(filter_, Not):
        return f"(not {expression(filter_.part)})"
    if isinstance(filter_, And):
        return _joined(" and ", map(expression, filter_.parts), EVERYTHING)
    if isinstance(filter_, Or):
        return _joined(" or ", map(expression, filter_.parts), _NOTHING)
    return _test(filter_)


def any_of(column: str, values: Iterable[Value]) -> str:
    """Return an expression for rows with one of some values, all of one type, in a column."""
    listed = ", ".join(map(_literal, values))
    return f"{column} in [{listed}]" if listed else _NOTHING


def within(low: str, high: str) -> str:
    """Return an expression for rows with a key of at least `low`, and at most `high`."""
    return f"key >= {_literal(low)} and key <= {_literal(high)}"


def sampled(n: int, count: int) -> str:
    """Return an expression for about `n` of `count` passages, for all where there are no more."""
    return EVERYTHING if count <= n else f"sample < {SAMPLE_SIZE * n // count + 1}"


def holds_terms(terms: Sequence[int]) -> str:
    """Return an expression for passages with one of some terms."""
    if len(terms) == 1:
        return f"array_contains(terms, {terms[0]})"
    listed = ", ".join(map(str, terms))
    return f"array_contains_any(terms, [{listed}])" if listed else _NOTHING


def _test(test: Equal | In | Prefix | Range) -> str:
    if isinstance(test, In) and metadata_name(test.field) is None:
        return any_of(test.field, test.values)
    tests = [_exists(test.field, value, rest) for value, rest in _comparisons(test)]
    if isinstance(test, Range):
        return _joined(" and ", tests, EVERYTHING)
    return _joined(" or ", tests, _NOTHING)


def _comparisons(test: Equal | In | Prefix | Range) -> list[tuple[Value, list[str]]]:
    """Return the values that a field is compared with, each with what has to follow the field, joined by `and`."""
    if isinstance(test, Equal):
        return [(test.value, [f"== {_literal(test.value)}"])]
    if isinstance(test, In):
        # Not `in`, which wants values of one type. Those of columns are: `check_filter` has seen to it.
        return [(value, [f"== {_literal(value)}"]) for value in test.values]
    if isinstance(test, Prefix):
        return [(test.text, _begins_with(test.text))]
    high = "<=" if test.includes_high else "<"
    limits = ((">=", test.low), (high, test.high))
    return [(value, [f"{operator} {_literal(value)}"]) for operator, value in limits if value is not None]


def _exists(field: str, value: Value, comparisons: Iterable[str]) -> str:
    name = metadata_name(field)
    column = field if name is None else f"facts[{_literal(fact_name(name, value))}]"
    tests = [f"({column} {comparison})" for comparison in comparisons]
    # Servers differ in the result of a comparison with a missing value, and in its negation.
    return _joined(" and ", tests if name is None else [f"(exists {column})", *tests], EVERYTHING)


def fact_name(name: str, value: Value) -> str:
    """Return the name under which a value of the metadata is kept, by its type: a text is never equal to a number."""
    kind = "b" if isinstance(value, bool) else "s" if isinstance(value, str) else "n"
    return f"{kind}:{name}"


def _begins_with(prefix: str) -> list[str]:
    # Not `like`: what `%` and `_` stand for, and how they are escaped, differs between versions.
    after = _next_text(prefix)
    return [f">= {_literal(prefix)}"] + ([f"< {_literal(after)}"] if after else [])


def _next_text(text: str) -> str:
    """Return the first text, by code points, after all that begin with this one; "" where there is none."""
    while text and text[-1] == "\U0010ffff":
        text = text[:-1]
    if not text:
        return ""
    code = ord(text[-1]) + 1
    return text[:-1] + chr(0xE000 if 0xD800 <= code < 0xE000 else code)


def _joined(word: str, parts: Iterable[str], empty: str) -> str:
    return joined(word, list(parts) or [empty])


def _literal(value: Value) -> str:
    # json.dumps escapes the quotes and backslashes of a text, by which it might end.
    return json.dumps(value, ensure_ascii=False)

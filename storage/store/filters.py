"""A small language of filters on passages, which every store compiles for itself.

A field is a column of `PassageRow` that is in FIELDS (`input_hash` in hexadecimal digits), or `metadata.NAME`: a value
at the top of the metadata. A passage without such a value, or with a list, passes no test of it but `Not`. Texts
compare by their code points, numbers as numbers; a text, a number and a truth value are never equal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wherein.errors import UsageError

__all__ = ["FIELDS", "And", "Equal", "Filter", "In", "Not", "Or", "Prefix", "Range", "check_filter", "metadata_name"]

Value = str | int | float | bool

FIELDS = {
    "document": str, "uri": str, "title": str, "media_type": str, "ordinal": int, "start": int, "end": int,
    "input_hash": str,
}  # fmt: skip
_METADATA = "metadata."
_NAME = re.compile(r"[^\"\\\x00-\x1f]{1,200}")


@dataclass(frozen=True)
class Equal:
    """The field has this value."""

    field: str
    value: Value


@dataclass(frozen=True)
class In:
    """The field has one of these values; none passes where there are none."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Range:
    """The field is at least `low` and at most `high`, or below it; None is no limit."""

    field: str
    low: str | int | float | None = None
    high: str | int | float | None = None
    includes_high: bool = True


@dataclass(frozen=True)
class Prefix:
    """The field is a text that begins with this one."""

    field: str
    text: str


@dataclass(frozen=True)
class And:
    """Every part passes."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    """One of the parts passes."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    """The part does not pass."""

    part: Filter


Filter = Equal | In | Range | Prefix | And | Or | Not


def metadata_name(field: str) -> str | None:
    """Return the name of the value in the metadata that a field is, None for a column."""
    return field.removeprefix(_METADATA) if field.startswith(_METADATA) else None


def check_filter(filter_: Filter) -> None:
    """Raise UsageError for a filter that no store can evaluate: an unknown field, a value of the wrong type, NaN."""
    for test in _tests(filter_):
        _check_field(test.field)
        for value in _values(test):
            _check_value(test.field, value)


def _tests(filter_: Filter) -> Iterator[Equal | In | Range | Prefix]:
    if isinstance(filter_, Not):
        yield from _tests(filter_.part)
    elif isinstance(filter_, And | Or):
        for part in filter_.parts:
            yield from _tests(part)
    else:
        yield filter_


def _values(test: Equal | In | Range | Prefix) -> tuple[Value, ...]:
    if isinstance(test, Equal):
        return (test.value,)
    if isinstance(test, In):
        return test.values
    if isinstance(test, Prefix):
        return (test.text,)
    return tuple(value for value in (test.low, test.high) if value is not None)


def _check_field(field: str) -> None:
    name = metadata_name(field)
    if name is None and field not in FIELDS:
        raise UsageError(
            f"There is no field {field[:80]!a} to filter by; there are {', '.join(FIELDS)} and metadata.NAME"
        )
    if name is not None and not _NAME.fullmatch(name):
        raise UsageError(f"{name[:80]!a} cannot be the name of a value in the metadata")


def _check_value(field: str, value: Value) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"The field {field} is compared with a number that is not finite")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise UsageError(f"The field {field} is compared with an integer of more than 64 bits")
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        raise UsageError(f"The field {field} is compared with a text that cannot be stored")
    wanted = FIELDS.get(field)
    if wanted is not None and type(value) is not wanted:
        raise UsageError(f"The field {field} is compared with {value!a}, which is not of its type ({wanted.__name__})")

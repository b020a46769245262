"""Conditions on metadata, evaluated by SQLite over one document at a time."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.filters.condition import (
    Absent,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Contains,
    Like,
    Not,
    Value,
    fields_of,
    paths_of,
    sql,
)


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("CREATE TABLE documents (metadata TEXT NOT NULL) STRICT")
        yield db


def holds(db: sqlite3.Connection, condition: Condition, metadata: object) -> bool:
    db.execute("DELETE FROM documents")
    db.execute("INSERT INTO documents VALUES (?)", [json.dumps(metadata, ensure_ascii=False)])
    text, bound = sql(condition)
    (count,) = db.execute(f"SELECT count(*) FROM documents d WHERE {text}", bound).fetchone()
    return bool(count)


def equals(field: str, *values: Value) -> Comparison:
    return Comparison(field, "=", values)


@pytest.mark.parametrize(
    ("condition", "passing", "failing"),
    [
        (equals("n", 5), [5, 5.0, "5", [1, 5], ["x", "5"], {"n": 5}], [6, "five", None, [], True, {"n": 6}]),
        (equals("n", "5"), [5, "5"], [5.5, "05", True]),
        (equals("n", True), [True, "true", "TRUE", [False, True]], [False, 1, "1", None]),
        (equals("n", False), [False, "false"], [0, "", None]),
        (equals("n", 1, "b"), [1, "b", ["a", "b"]], ["a", 2]),
        (Comparison("n", "<", (10,)), [9, -1, "9", "-1e3"], [10, 11, "ten", "", True, None]),
        (Comparison("n", ">=", (10,)), [10, "10", 1e300], [9.99, "ten", None]),
        (Comparison("n", ">", ("b",)), ["c", ["a", "c"]], ["b", "a", None]),
        (Like("n", "r_d%"), ["red", "RED wine", ["x", "rod"]], ["a red", "re", 7, None]),
        (Like("n", "2_"), [25, "25"], [255]),
        (Contains("n", "It's"), ["it's here", "NOW IT'S"], ["its", None]),
        (Contains("n", "%"), ["5 %"], ["five"]),
        (Absent("n"), [None, []], ["", 0, False, [0]]),
        (Not(equals("n", 5)), [6, None, []], [5, [4, 5]]),
        (AllOf((equals("n", "a"), equals("n", "b"))), [["a", "b"]], ["a", "b"]),
        (AnyOf((equals("n", "a"), equals("n", "b"))), ["a", "b", ["c", "b"]], ["c", None]),
        (Not(AllOf((equals("n", "a"), Not(Absent("n"))))), ["b", None], ["a"]),
    ],
)
def test_which_values_pass(
    db: sqlite3.Connection, condition: Condition, passing: list[object], failing: list[object]
) -> None:
    for value in passing:
        assert holds(db, condition, {"n": value}), value
    for value in failing:
        assert not holds(db, condition, {"n": value}), value


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1, -(10**30), 10**300])
def test_numbers_beyond_64_bits_are_compared(db: sqlite3.Connection, number: int) -> None:
    assert holds(db, equals("n", number), {"n": number})
    assert not holds(db, equals("n", number), {"n": 5})
    assert holds(db, Comparison("n", ">" if number > 0 else "<", (5,)), {"n": number})
    assert not holds(db, equals("n", 2**63 - 1), {"n": 2**63 - 2})


def test_a_missing_field_is_absent_and_passes_only_a_negation(db: sqlite3.Connection) -> None:
    assert holds(db, Absent("n"), {})
    assert holds(db, Not(equals("n", 5)), {})
    for condition in (equals("n", 5), Like("n", "%"), Contains("n", ""), Not(Absent("n"))):
        assert not holds(db, condition, {})


@pytest.mark.parametrize("field", ["a b", "a.b", "$", "a'b", "[0]", "ä", "half-life"])
def test_any_name_of_a_field_is_looked_up_as_it_is(db: sqlite3.Connection, field: str) -> None:
    assert paths_of(field)[0] == f'$."{field}"'
    assert holds(db, equals(field, 1), {field: 1, "other": 2})
    assert not holds(db, equals(field, 2), {field: 1, "other": 2})


@pytest.mark.parametrize(
    ("metadata", "holding"),
    [
        ({"a.b": 1}, True),
        ({"a": {"b": 1}}, True),
        ({"a": {"b": [0, 1]}}, True),
        ({"a.b": 2, "a": {"b": 1}}, False),
        ({"a": {"b": 2}}, False),
        ({"a": 1, "b": 1}, False),
        ({"a": [{"b": 1}]}, False),
        ({}, False),
    ],
)
def test_a_field_inside_another(db: sqlite3.Connection, metadata: object, holding: bool) -> None:
    assert holds(db, equals("a.b", 1), metadata) == holding
    assert holds(db, Not(equals("a.b", 1)), metadata) != holding


def test_the_fields_of_a_condition() -> None:
    condition = AnyOf((Not(equals("a", 1)), AllOf((Like("b", "x"), Contains("c", "y"))), Absent("a")))
    assert list(fields_of(condition)) == ["a", "b", "c", "a"]


VALUES = st.one_of(st.text(), st.integers(-(10**9), 10**9), st.booleans(), st.floats(allow_nan=False))


@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from(["=", "<", "<=", ">", ">="]))
def test_no_value_becomes_part_of_the_statement(values: list[Value], operator: str) -> None:
    text, bound = sql(Comparison("field", operator, tuple(values)))
    same, _ = sql(Comparison("field", operator, tuple(type(value)() for value in values)))
    assert text == same
    assert text.count("?") == len(bound)

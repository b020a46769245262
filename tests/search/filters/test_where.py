"""Conditions on metadata: what they become, and that any text is one or an error that shows where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import UsageError
from wherein.search.filters.where import parse_where
from wherein.storage.filters.condition import Absent, AllOf, AnyOf, Comparison, Condition, Contains, Like, Not, Value


@pytest.mark.parametrize(
    ("where", "character", "words"),
    [
        ("", 1, "name of a field"),
        ("year >=", 8, "value is expected"),
        ("year >= AND tag = 'a'", 9, "value is expected"),
        ("year = red", 8, "single quotes"),
        ("year = NULL", 8, "IS NULL"),
        ("year 5", 6, "comparison"),
        ("(year = 5", 10, "closing parenthesis"),
        ("year = 5)", 9, "AND or OR"),
        ("year = 5 tag = 6", 10, "AND or OR"),
        ("tag = 'a", 7, "quote is not closed"),
        ("tag IN ()", 9, "value is expected"),
        ("tag LIKE 5", 10, "text"),
        ("tag = 'a'; DROP TABLE chunks", 10, "not understood"),
        ("draft > true", 9, "number or text"),
        ("(" * 100 + "a = 1" + ")" * 100, 42, "too deeply"),
        (" OR ".join(["a = 1"] * 201), 1801, "more than 200"),
    ],
)
def test_an_error_shows_the_character_where_it_is(where: str, character: int, words: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_where(where)
    sentence, shown, caret = str(error.value).split("\n")
    assert f"at character {character}:" in sentence
    assert words in sentence
    assert shown[caret.index("^") :][:1] == where[character - 1 : character]


@pytest.mark.parametrize("where", ["x" * 10**6, "(" * 10**6, "'" + "a" * 10**6 + "'", "a=1 OR " * 10**5, "\0" * 10**6])
def test_a_condition_of_a_megabyte_is_refused(where: str) -> None:
    with pytest.raises(UsageError, match="too long"):
        parse_where(where)


A, B, C = (Comparison(name, "=", (1,)) for name in "abc")


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("year >= 2024", Comparison("year", ">=", (2024,))),
        ("year == -1.5", Comparison("year", "=", (-1.5,))),
        ("year <> 5", AllOf((Not(Absent("year")), Not(Comparison("year", "=", (5,)))))),
        ("tag in ('a', \"b\", TRUE, .5)", Comparison("tag", "=", ("a", "b", True, 0.5))),
        ("tag NOT IN ('a')", Not(Comparison("tag", "=", ("a",)))),
        ("tag like 'a%'", Like("tag", "a%")),
        ("tag NOT LIKE 'a%'", Not(Like("tag", "a%"))),
        ("tag CONTAINS 'it''s'", Contains("tag", "it's")),
        ("tag IS NULL", Absent("tag")),
        ("tag IS NOT NULL", Not(Absent("tag"))),
        ("\"my field\" = ''", Comparison("my field", "=", ("",))),
        ("half-life.years = FALSE", Comparison("half-life.years", "=", (False,))),
        ("a=1 OR b=1 AND c=1", AnyOf((A, AllOf((B, C))))),
        ("(a=1 OR b=1) AND c=1", AllOf((AnyOf((A, B)), C))),
        ("NOT a=1 AND b=1", AllOf((Not(A), B))),
        ("not not (a=1)", Not(Not(A))),
        ("a=1 or b=1 or c=1", AnyOf((A, B, C))),
    ],
)
def test_what_a_condition_becomes(where: str, condition: Condition) -> None:
    assert parse_where(where) == condition


@pytest.mark.parametrize(
    ("number", "value"),
    [("123456789012345678", 123456789012345678), ("9223372036854775807", 9223372036854775807),
     ("9223372036854775808", 2.0**63), ("1e999", 1.7976931348623157e308),
     ("-1e999", -1.7976931348623157e308), ("+7", 7), ("2.", 2.0)],
)  # fmt: skip
def test_numbers_are_those_that_sqlite_can_hold(number: str, value: float) -> None:
    condition = parse_where(f"n = {number}")
    assert condition == Comparison("n", "=", (value,))
    assert isinstance(condition, Comparison)
    assert type(condition.values[0]) is type(value)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("a = '\ud800'", "this is not text"),
        ('"a\\b" = 1', "a field's name cannot have such characters"),
        ('"" = 1', "the name of a field is expected"),
        ("and = 1", "the name of a field is expected"),
        ("a IN 5", "an opening parenthesis is expected"),
        ("a IN (5 6)", "a comma or a closing parenthesis is expected"),
        ("a IS 5", "NULL is expected"),
        ("a NOT = 5", "a comparison"),
        ("a = 5x", "this is not understood"),
    ],
)
def test_further_errors(where: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_where(where)


def test_the_error_shows_control_characters_as_blanks_and_the_caret_under_the_problem() -> None:
    with pytest.raises(UsageError) as error:
        parse_where("year\n= \t,")
    assert str(error.value) == "In the condition, at character 9: a value is expected\n  year =  ,\n          ^"


VALUES = st.one_of(
    st.integers(-(10**17), 10**17), st.booleans(), st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
)


def written(value: Value) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_values_are_read_as_they_were_written(values: list[Value]) -> None:
    source = f"f IN ({', '.join(map(written, values))})"
    found = parse_where(source)
    assert found == Comparison("f", "=", tuple(values))
    assert isinstance(found, Comparison)
    assert [type(value) for value in found.values] == [type(value) for value in values]

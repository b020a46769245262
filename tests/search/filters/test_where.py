"""Conditions on metadata: what they become, and that any text is one or an error that shows where."""

import pytest

from wherein.errors import UsageError
from wherein.search.filters.where import parse_where


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
        ("draft > true", 9, "number or a text"),
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

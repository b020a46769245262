"""The address of a question, and what it means."""

import pytest
from starlette.datastructures import QueryParams

from wherein.errors import UsageError
from wherein.search.filters.parse import parse_filter
from wherein.server.page.search import LIMIT, Search

FULL = Search("a & b?", "keyword", ("md", "pdf"), ("/docs/ö", "stdin:*"), "2024-01-31", ("a=1", "b=x=y"), "c > 2", 30)


@pytest.mark.parametrize("search", [Search(), Search('é 東京 "x"'), FULL, Search(fields=("a= b ",)), Search(limit=1)])
def test_an_address_leads_back(search: Search) -> None:
    assert Search.of(QueryParams(search.query)) == search
    assert search.address == (f"/?{search.query}" if search.query else "/")


@pytest.mark.parametrize(
    ("query", "search"),
    [
        ("q=++a+&mode=&type=&in=&since=&where=&meta=&limit=", Search("a")),
        ("type=md&type=md&meta=nothing", Search(types=("md",))),
        ("limit=0", Search(limit=1)),
        ("limit=100000", Search(limit=100)),
        ("limit=-3&other=1", Search()),
        ("limit=%D9%A3", Search()),
        (f"limit={'9' * 5_000}", Search()),
    ],
)
def test_what_makes_no_sense_is_left_out(query: str, search: Search) -> None:
    assert Search.of(QueryParams(query)) == search


@pytest.mark.parametrize(
    ("search", "condition"),
    [
        (Search(), None),
        (Search(where="a > 1 OR b > 1"), "(a > 1 OR b > 1)"),
        (Search(fields=("a=1", "a=it's", "b=true")), "(\"a\" = '1' OR \"a\" = 'it''s') AND (\"b\" = TRUE)"),
        (Search(where="c = 2", fields=("a b=1",)), "(c = 2) AND (\"a b\" = '1')"),
    ],
)
def test_values_of_one_field_are_alternatives(search: Search, condition: str | None) -> None:
    assert search.condition == condition
    parse_filter(where=condition)


def test_another_filter_begins_with_the_first_passages() -> None:
    assert FULL.changed(types=()).limit == LIMIT
    more = FULL.more
    assert more
    assert (more.limit, more.question) == (30 + LIMIT, FULL.question)
    assert Search(limit=100).more is None


@pytest.mark.parametrize("where", ["a = 1) OR (b = 2", "c >", "(a = 1"])
def test_a_condition_is_checked_before_it_is_joined_with_others(where: str) -> None:
    with pytest.raises(UsageError) as alone:
        parse_filter(where=where)
    with pytest.raises(UsageError) as joined:
        Search(where=where, fields=("a=1",)).request()
    assert str(joined.value) == str(alone.value)

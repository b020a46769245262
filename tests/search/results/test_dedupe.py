"""Passages that say nearly the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_hits import made_hit
from wherein.search.hits import Place
from wherein.search.results.dedupe import fold, same_words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The owner may sign.", "The owner may sign.", True),
        ("  The owner may sign.\n", "The owner may sign.", True),
        ("one two three four five " * 9 + "end", "one two three four five " * 9 + "END!", True),
        (" ".join(f"w{'x' * n}" for n in range(60)), " ".join(f"w{'x' * n}" for n in range(57)), True),
        (" ".join(f"w{'x' * n}" for n in range(60)), " ".join(f"w{'x' * n}" for n in range(40)), False),
        ("Report of 2023: " + "the same words again " * 20, "Report of 2024: " + "the same words again " * 20, False),
        ("The owner may sign.", "The owner may not sign.", False),
        ("", "...", False),
        ("。", "、", False),
    ],
)
def test_passages_that_say_nearly_the_same(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
    assert same_words(other, one) is same


def test_a_folded_hit_leaves_its_location_in_the_one_that_is_kept() -> None:
    first = made_hit("The owner may sign.", uri="file:///a", rank=1)
    other = made_hit("Cats sleep all day.", uri="file:///b", rank=2)
    copy = made_hit("The owner may sign!", uri="file:///c", rank=3, title="T", start=5, end=24, line=7, page=2)
    last = made_hit("the owner may sign", uri="file:///d", rank=4)
    kept = fold([first, other, copy, last])
    assert [hit.uri for hit in kept] == ["file:///a", "file:///b"]
    assert kept[0].also_in == (
        Place(uri="file:///c", title="T", start=5, end=24, line=7, page=2),
        Place(uri="file:///d", title="", start=0, end=18, line=1, page=None),
    )
    assert kept[1] == other


@given(st.lists(st.sampled_from(["one two three", "One, two: three.", "four five six", "one two 3", ""]), max_size=9))
def test_every_hit_is_either_kept_or_folded_into_an_earlier_one(texts: list[str]) -> None:
    hits = [made_hit(text, uri=f"file:///{number}") for number, text in enumerate(texts)]
    kept = fold(hits)
    locations = [location for hit in kept for location in (hit.uri, *(place.uri for place in hit.also_in))]
    assert sorted(locations) == [hit.uri for hit in hits]
    assert not any(same_words(one.text, other.text) for n, one in enumerate(kept) for other in kept[:n])

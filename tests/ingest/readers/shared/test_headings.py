"""The path of headings that are open."""

from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.headings import Heading, HeadingPath, first_heading, heading_marks


def test_a_heading_closes_those_of_its_level_and_deeper() -> None:
    path = HeadingPath()
    assert path.titles == ()
    assert path.enter(1, "One") == ("One",)
    assert path.enter(3, "Deep") == ("One", "Deep")
    assert path.enter(2, "Two") == ("One", "Two")
    assert path.enter(2, "Three") == ("One", "Three")
    assert path.enter(1, "Four") == path.titles == ("Four",)


@given(st.lists(st.integers(1, 6)))
def test_levels_ascend_along_the_path(levels: list[int]) -> None:
    path = HeadingPath()
    for level in levels:
        titles = path.enter(level, str(level))
        assert titles[-1] == str(level)
        assert list(titles) == sorted(set(titles))


def test_each_heading_has_a_mark() -> None:
    headings = [Heading(0, 1, "One"), Heading(9, 2, "Two")]
    assert heading_marks(headings) == (Mark(0, heading=("One",)), Mark(9, heading=("One", "Two")))
    assert heading_marks([]) == ()


def test_the_first_heading() -> None:
    assert first_heading([Mark(0), Mark(3, heading=("One", "Two")), Mark(9, heading=("Three",))]) == "One"
    assert first_heading([Mark(0)]) == first_heading([]) == ""

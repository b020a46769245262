"""Notes that name pages, slides or chapters by number."""

import pytest

from wherein.ingest.readers.shared.count_notes import textless_note, unreadable_note


@pytest.mark.parametrize(
    ("numbers", "ranges"),
    [([2], "2"), ([2, 3], "2-3"), ([1, 2, 3, 5, 7, 8], "1-3, 5, 7-8"), ([1, 3, 5], "1, 3, 5")],
)
def test_ranges(numbers: list[int], ranges: str) -> None:
    assert unreadable_note(numbers, 9, "pages") == (f"{len(numbers)} of 9 pages cannot be read: {ranges}",)


def test_one_has_and_many_have_no_text() -> None:
    assert textless_note([4], 9, "slides") == ("1 of 9 slides has no text: 4",)
    assert textless_note([4, 6], 9, "slides") == ("2 of 9 slides have no text: 4, 6",)


def test_none_are_no_note() -> None:
    assert textless_note([], 9, "pages") == unreadable_note([], 9, "pages") == ()


def test_at_most_twenty_ranges_are_shown() -> None:
    (twenty,) = textless_note(range(1, 40, 2), 99, "pages")
    assert twenty.endswith("37, 39")
    (more,) = textless_note(range(1, 42, 2), 99, "pages")
    assert more.endswith("37, 39, …")

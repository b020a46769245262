"""Passages that say nearly the same."""

import pytest

from wherein.search.results.dedupe import same_words


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

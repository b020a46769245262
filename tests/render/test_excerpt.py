"""What stands around a sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.render.excerpt import join_prose, shown_end, surroundings, trimmed_lines


def around(text: str, sentence: str, width: int | None = None, most: int = 4) -> tuple[list[str], list[str]]:
    start = text.index(sentence)
    found = surroundings(text, (start, start + len(sentence)), width, most)
    return [text[slice(*line)] for line in found.before], [text[slice(*line)] for line in found.after]


def test_blank_lines_and_rules_are_left_out() -> None:
    text = "Title\n=====\n\nOne.\n\n* * *\n| --- | --- |\n```\nTwo.\n}\n"
    assert around(text, "One.") == (["Title"], ["Two.", "}"])


def test_the_indentation_that_all_lines_share_is_left_out() -> None:
    text = "Use it:\n\n    def f():\n        return 1\n\n    f()\n"
    assert around(text, "Use it:") == ([], ["def f():", "    return 1", "f()"])
    rest_of_a_line = "One. Two\n    three\n      four"
    assert around(rest_of_a_line, "One.") == ([], ["Two", "three", "  four"])


def test_lines_of_prose_are_broken_again_and_others_are_not() -> None:
    prose = "The owner of the house may sign the lease whenever the rent\nis due. Cats sleep."
    assert join_prose(prose) == prose.replace("\n", " ")
    for kept in (
        "short\nlines",
        "The owner of the house may sign the lease whenever the rent\n- is due",
        "The owner of the house may sign the lease whenever the rent\n1. is due",
        "The owner of the house may sign the lease whenever the rent\n    is due",
        "The owner of the house may sign the lease whenever the rent\n\nis due",
        "x = [function(one, two), function(three, four)] + [5, 6, 7]\ny = 2",
        "The owner of the house   may sign the lease   whenever the rent\nis due",
        "| the owner | the house | may sign | the lease | the rent |\nis due",
    ):
        assert join_prose(kept) == kept
    assert around(join_prose(prose), "The owner", 30, 2) == (
        [],
        ["of the house may sign the", "lease whenever the rent is"],
    )


@pytest.mark.parametrize(
    ("source", "shown", "end"),
    [
        ("One  two\nthree", "One two", 8),
        ("One\n\n two three", "One two", 9),
        ("日 本\n語", "日 本 語", 5),
        ("One", "", 0),
    ],
)
def test_the_end_of_what_is_shown_is_found_in_the_text(source: str, shown: str, end: int) -> None:
    assert shown_end(source, shown) == end


@settings(max_examples=150)
@given(st.text("ab .\n-=|\u65e5\t", max_size=200), st.data())
def test_what_is_around_is_in_order_fits_and_leaves_the_sentence_out(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    most = data.draw(st.integers(-2, 5))
    found = surroundings(text, (start, end), data.draw(st.one_of(st.none(), st.integers(10, 40))), most)
    lines = [*found.before, *found.after]
    assert len(lines) <= max(most, 0)
    assert lines == sorted(lines)
    assert all(first < last and (last <= start or first >= end) for first, last in lines)


def test_all_lines_of_a_text() -> None:
    text = "\n  one\n\n two \n"
    assert [text[slice(*line)] for line in trimmed_lines(text, None)] == ["one", "", " two"]

"""Blocks of text are made from elements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.readers.shared.blocks import Block, BlockWriter, Candidate, join_blocks
from wherein.ingest.readers.shared.headings import Heading


def write(*steps: str) -> BlockWriter:
    """`<p` enters an element, `>p` leaves it, and anything else is text."""
    writer = BlockWriter()
    for step in steps:
        if step.startswith("<"):
            writer.enter(step[1:])
        elif step.startswith(">"):
            writer.leave(step[1:])
        else:
            writer.text(step)
    writer.flush()
    return writer


def texts(*steps: str) -> list[str]:
    return [block.text for block in write(*steps).blocks]


def test_white_space_is_one_space_and_inline_elements_are_none() -> None:
    assert texts("<p", " one\n", "<b", "two", ">b", "\tthree ", ">p") == ["one two three"]


def test_breaks_are_lines() -> None:
    assert texts("<p", "one ", "<br", " two", "<br", "<br", "<br", "three", ">p") == ["one\ntwo\n\nthree"]


def test_blank_elements_are_no_blocks() -> None:
    assert texts("<p", " \n", ">p", "<div", ">div") == []


def test_headings_have_levels() -> None:
    assert write("<h2", "Two", ">h2", "text").blocks == [Block("Two", 2), Block("text")]


def test_nested_lists_are_indented_and_of_one_group() -> None:
    blocks = write("<ul", "<li", "a", "<ul", "<li", "b", ">li", ">ul", ">li", "<li", "c", ">li", ">ul", "d").blocks
    assert [block.text for block in blocks] == ["- a", "  - b", "- c", "d"]
    assert len({block.group for block in blocks[:3]}) == 1
    assert blocks[3].group == 0


def test_a_marker_begins_the_next_item() -> None:
    writer = BlockWriter()
    writer.enter("ol")
    for marker in ("1.", "2."):
        writer.marker = marker
        writer.enter("li")
        writer.text("item")
        writer.leave("li")
    assert [block.text for block in writer.blocks] == ["1. item", "2. item"]


def test_a_row_is_a_line() -> None:
    row = ("<tr", "<td", "a", ">td", "<td", "b", "<br", "c", ">td", ">tr")
    blocks = write("<table", *row, *row, ">table", "after").blocks
    assert [block.text for block in blocks] == ["a | b c", "a | b c", "after"]
    assert blocks[0].group == blocks[1].group > 0


@pytest.mark.parametrize("inside", [("<h2", "Title", ">h2"), ("<pre", "code", ">pre"), ("x" * 2001,)])
def test_a_row_that_lays_out_a_page_is_no_line(inside: tuple[str, ...]) -> None:
    assert " | " not in "".join(texts("<table", "<tr", "<td", *inside, ">td", "<td", "b", ">td", ">tr", ">table"))


def test_a_table_in_a_row_makes_it_a_layout() -> None:
    inner = ("<table", "<tr", "<td", "a", ">td", "<td", "b", ">td", ">tr", ">table")
    assert texts("<table", "<tr", "<td", *inner, ">td", "<td", "c", ">td", ">tr", ">table") == ["a | b", "c"]


def test_verbatim_text_keeps_its_lines() -> None:
    assert texts("<pre", "\n a\n\n  b", "<br", "c\n", ">pre", " d ") == [" a\n\n  b\nc", "d"]


def test_terms_stand_with_their_descriptions() -> None:
    steps = (
        "<dl",
        "<dt",
        "a",
        ">dt",
        "<dt",
        "b",
        ">dt",
        "<dd",
        "c",
        ">dd",
        "<dt",
        "d",
        ">dt",
        "<dd",
        "e",
        ">dd",
        ">dl",
    )
    groups = [block.group for block in write(*steps).blocks]
    assert groups[0] == groups[1] == groups[2] != groups[3] == groups[4]


def test_candidates_inside_a_row_that_became_a_line_are_dropped() -> None:
    writer = write("<p", "before", ">p", "<table", "<tr")
    writer.candidates += [Candidate(0, 0, 1), Candidate(1, 1, 2)]
    for step in ("td", "tr"):
        if step == "td":
            writer.enter("td")
            writer.text("cell")
        writer.leave(step)
    assert writer.candidates == [Candidate(0, 0, 1)]


def test_blocks_of_a_group_are_joined_by_a_line_end() -> None:
    blocks = [Block("Title\nof it", 1), Block("a", 0, 1), Block("b", 0, 1), Block("c", 0, 2), Block("d")]
    assert join_blocks(blocks) == ("Title\nof it\n\na\nb\n\nc\n\nd", [Heading(0, 1, "Title of it")])
    assert join_blocks([]) == ("", [])


TAGS = ["p", "b", "h1", "ul", "ol", "li", "pre", "dl", "dt", "dd", "br", "div"]


@given(st.lists(st.one_of(st.sampled_from(TAGS).map("<{}".format), st.text("ab \n", min_size=1, max_size=4))))
def test_no_text_is_lost(steps: list[str]) -> None:
    text, headings = join_blocks(write(*steps).blocks)
    words = "".join(step for step in steps if not step.startswith("<"))
    assert [letter for letter in text if letter in "ab"] == [letter for letter in words if letter in "ab"]
    assert all(
        text[heading.start :].split()[: len(heading.title.split())] == heading.title.split() for heading in headings
    )

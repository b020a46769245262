"""A flow of paragraphs, lists and tables."""

from wherein.ingest.document import Mark
from wherein.ingest.readers.office.text_flow import Flow, endnotes_mark
from wherein.ingest.readers.shared.headings import Heading


def test_paragraphs_headings_and_lists() -> None:
    flow = Flow()
    flow.add_paragraph("Title", heading=1)
    flow.add_paragraph("one\ntwo")
    flow.add_paragraph("a", item=1, label="1.")
    flow.add_paragraph("b", item=2)
    flow.add_paragraph("c", item=1, label="2.")
    flow.add_paragraph("Deep", heading=9)
    text, headings = flow.join()
    assert text == "Title\n\none\ntwo\n\n1. a\n  - b\n2. c\n\nDeep"
    assert headings == [Heading(0, 1, "Title"), Heading(text.index("Deep"), 6, "Deep")]


def test_a_list_ends_before_a_table() -> None:
    flow = Flow()
    flow.add_paragraph("a", item=3)
    for tag in ("table", "tr", "td"):
        flow.enter(tag)
    flow.add_paragraph("b")
    flow.leave("td")
    flow.enter("td")
    flow.add_paragraph("c", item=1)
    for tag in ("td", "tr", "table"):
        flow.leave(tag)
    assert [block.text for block in flow.blocks] == ["    - a", "b | - c"]


def test_a_list_is_never_deeper_than_nine() -> None:
    flow = Flow()
    flow.add_paragraph("a", item=1_000)
    assert flow.join()[0] == " " * 16 + "- a"


def test_notes_at_the_end_are_under_no_heading() -> None:
    assert endnotes_mark("Text.", "Text.\n\n[1] Note.") == (Mark(7),)
    assert endnotes_mark("Text.", "Text.") == ()
    assert endnotes_mark("", "[1] Note.") == ()

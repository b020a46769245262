"""AsciiDoc as a person reads it."""

import pytest

from text_files import heading_paths, read, read_lines, reason
from wherein.ingest.readers.shared.skipped import Skipped

ASCIIDOC = """\
= Heron _counts_
Ann Quince <ann@example.org>; Ben Pear
v1.2, 2024-05-02: Second edition
:keywords: birds, water
:pond: west pond
// not to be read

The {pond} had *one* heron, see https://example.org[the list^] and <<table,the table>>.

[[table]]
== Table [[anchor]]
.Counted
[cols="1,1"]
|===
|Pond |Herons
2+|West a|12
|===

[source,python]
----
# counted
== not a heading
----
////
hidden
////
include::other.adoc[]
image::pond.png[A pond in spring,200]
"""


def test_asciidoc() -> None:
    document, lines = read_lines(ASCIIDOC, "a.adoc")
    assert lines == [
        "Heron counts",
        "The west pond had one heron, see the list and the table.",
        "Table",
        "Counted",
        "Pond | Herons",
        "West | 12",
        "# counted",
        "== not a heading",
        "A pond in spring",
    ]
    assert document.title == "Heron counts"
    assert document.metadata == {
        "author": ["Ann Quince", "Ben Pear"],
        "keywords": ["birds", "water"],
        "created": "2024-05-02",
    }
    assert heading_paths(document) == [("Heron counts",), ("Heron counts", "Table")]
    assert document.notes == ("what it includes is not part of it: other.adoc",)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("see xref:pond.adoc#west[the pond]", "see the pond"),
        ("Press kbd:[Ctrl+C] in menu:File[Quit].", "Press Ctrl+C in File > Quit."),
        ("heron.footnote:[A _bird_.]", "heron. (A bird.)"),
        ("**bo**ld and `a_b_c` and snake_case_name", "bold and a_b_c and snake_case_name"),
        ('"`quoted`" and `+{literal}+`', "“quoted” and {literal}"),
        ("{unknown} stays, {nbsp} not", "{unknown} stays,   not"),
        ("ifdef::web[on the web]", "on the web"),
        ("one +\ntwo", "one\ntwo"),
        ("Title\n=====\n\ntext", "Title\n\n\ntext"),
        ("++++\n<b>bold</b>\n++++", "bold"),
        ("2 * 3 * 4 # 5", "2 * 3 * 4 # 5"),
        ("https://example.org[]", "https://example.org"),
    ],
)
def test_lines_of_asciidoc(source: str, shown: str) -> None:
    assert read(source.encode(), "a.asciidoc").text.strip() == shown


@pytest.mark.parametrize(
    "line", ["The herons are back.", "It was a cold and very wet day", "Read this first: now", "* a list"]
)
def test_a_sentence_below_the_title_is_text(line: str) -> None:
    document = read(f"= Title\n{line}\n".encode(), "a.adoc")
    assert document.text == f"Title\n{line}\n"
    assert document.metadata == {}


def test_a_value_is_cut_so_that_a_small_file_does_not_grow() -> None:
    source = ":a: " + "x" * 5_000 + "\n{a} end"
    assert read(source.encode(), "a.adoc").text.strip() == "x" * 100 + " end"


@pytest.mark.parametrize(
    ("delimiter", "shown", "notes"),
    [("----", "one\n\ntwo", ("what it includes is not part of it: a.py",)), ("////", "", ())],
)
def test_an_included_file_is_noted_in_a_block_that_is_shown(delimiter: str, shown: str, notes: tuple[str]) -> None:
    source = f"Text\n{delimiter}\none\ninclude::a.py[]\ntwo\n{delimiter}\n"
    document = read(source.encode(), "a.adoc")
    assert document.text.removeprefix("Text").strip() == shown
    assert document.notes == notes


def test_attributes_alone_are_no_text() -> None:
    assert reason(b":caution-caption: Achtung\n// comment\n", "a.adoc", Skipped) == "no text"

"""Typst as a person reads it."""

import pytest

from text_files import heading_paths, read, read_lines, reason
from wherein.ingest.readers.shared.skipped import Skipped

TYPST = """\
#set document(
  title: "Heron counts", author: ("Ann Quince", "Ben Pear"), keywords: ("birds",),
)
#set page(header: [hidden])
#import "template.typ": note
#let pond = "west pond"
// not to be read
= The *first* part <one>
The #pond had _one_ heron, $x^2$ and `a_b`; see #link("https://example.org")[the list]. /* hidden */
== Table
#figure(
  table(
    columns: (1fr, 2fr),
    [Pond], [Herons],
    [West], [12],
  ), caption: [Counted #emph[twice]],
)
```python
= not a heading
```
#include "other.typ"
"""


def test_typst() -> None:
    document, lines = read_lines(TYPST, "a.typ")
    assert [line.strip() for line in lines] == [
        "The first part",
        "The west pond had one heron, $x^2$ and a_b; see the list.",
        "Table",
        "Pond | Herons",
        "West | 12",
        "Counted twice",
        "= not a heading",
    ]
    assert document.title == "Heron counts"
    assert document.metadata == {"author": ["Ann Quince", "Ben Pear"], "keywords": ["birds"]}
    assert heading_paths(document) == [("The first part",), ("The first part", "Table")]
    assert document.notes == ("what it includes is not part of it: other.typ",)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('see #link("https://example.org")', "see https://example.org"),
        ("#let count = 8\nThe #count herons", "The 8 herons"),
        ("#if true [one] else [two]", "onetwo"),
        (r"5 \* 3 \u{2014} #text(red)[warm]~air", "5 * 3 \N{EM DASH} warm air"),
        ("#show: paper.with(title: [A title])\nText", "A title\nText"),
        ("[in brackets] and snake_case", "[in brackets] and snake_case"),
        ("http://example.org stays", "http://example.org stays"),
        ("#unknown is left out", "is left out"),
        ("open #text([", "open"),
    ],
)
def test_lines_of_typst(source: str, shown: str) -> None:
    assert read(source.encode(), "a.typ").text.strip() == shown


def test_included_files_are_those_outside_of_comments_and_raw_blocks() -> None:
    source = '/*\n#include "a.typ"\n*/\n```\n#include "b.typ"\n```\n#if x [ #include "c.typ" ]\n'
    document = read(source.encode(), "a.typ")
    assert document.text.strip() == '#include "b.typ"'
    assert document.notes == ("what it includes is not part of it: c.typ",)


def test_code_alone_is_no_text() -> None:
    assert reason(b'#set page(width: 10cm)\n#let f(x) = { x + "one" }\n', "a.typ", Skipped) == "no text"

"""Org as a person reads it."""

import pytest

from text_files import heading_paths, read, read_lines, reason
from wherein.ingest.readers.shared.skipped import Skipped

ORG = """\
#+TITLE: Heron *counts*
#+AUTHOR: Ann Quince
#+DATE: <2024-05-02 Thu>
#+FILETAGS: :birds:water:
#+OPTIONS: toc:nil

* TODO [#A] The [[https://example.org][west pond]] :count:
:PROPERTIES:
:ID: 7
:END:
# not to be read
One /grey/ heron at =a_b= and +two+ three.
** Table
| Pond | Herons |
|------+--------|
| West | 12     |
#+TBLFM: $2=12
#+begin_src python
# counted
,* not a heading
#+end_src
#+begin_comment
hidden
#+end_comment
#+INCLUDE: "other.org" src
"""


def test_org() -> None:
    document, lines = read_lines(ORG, "a.org")
    assert lines == [
        "Heron counts",
        "TODO The west pond",
        "One grey heron at a_b and two three.",
        "Table",
        "Pond | Herons",
        "|------+--------|",
        "West | 12",
        "# counted",
        "* not a heading",
    ]
    assert document.title == "Heron counts"
    assert document.metadata == {"author": "Ann Quince", "created": "2024-05-02", "keywords": ["birds", "water"]}
    assert heading_paths(document) == [
        ("TODO The west pond",),
        ("TODO The west pond", "Table"),
    ]
    assert document.notes == ("what it includes is not part of it: other.org",)
    shown = dict(zip(ORG.split("\n"), document.text.split("\n"), strict=True))
    assert shown["One /grey/ heron at =a_b= and +two+ three."].startswith("One grey")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("see [[file:notes.org]]", "see notes.org"),
        ("*/both/*, (~code~)", "both, (code)"),
        ("a*b*c, 2 * 3 * 4, /usr/bin/env", "a*b*c, 2 * 3 * 4, /usr/bin/env"),
        (": fixed  width", "fixed  width"),
        (":NOTE:\nkept\n:END:", "kept"),
        ("- [ ] item :: text\\\\", "- [ ] item :: text"),
        ("#hashtag stays", "#hashtag stays"),
        ("<<target>>here", "here"),
        ("#+CAPTION: A *pond*", "A pond"),
    ],
)
def test_a_line_of_org(source: str, shown: str) -> None:
    assert read(source.encode(), "a.org").text.strip() == shown


@pytest.mark.parametrize("begin", ["#+begin_comment", "#+begin_export html", ":LOGBOOK:"])
def test_what_is_never_closed_hides_nothing(begin: str) -> None:
    assert read(f"{begin}\none\n* Two\nthree\n".encode(), "a.org").text == "\none\nTwo\nthree\n"


@pytest.mark.parametrize(("begin", "end"), [("#+BEGIN_comment", "#+end_COMMENT"), (":LOGBOOK:", ":END:")])
def test_what_is_closed_in_a_later_section_hides_its_own_section(begin: str, end: str) -> None:
    source = f"{begin}\none\n* Two\n{begin}\nhidden\n  {end}\nthree\n"
    assert read(source.encode(), "a.org").text == "\n\nTwo\n\n\n\nthree\n"


@pytest.mark.parametrize(
    ("value", "name"),
    [("other.org", "other.org"), ('"my notes.org" src', "my notes.org"), ('"a.org::*B"', "a.org::*B")],
)
def test_an_included_file_is_noted(value: str, name: str) -> None:
    document = read(f"#+INCLUDE: {value}\ntext".encode(), "a.org")
    assert document.notes == (f"what it includes is not part of it: {name}",)


def test_settings_alone_are_no_text() -> None:
    assert reason(b"#+OPTIONS: toc:nil\n# comment\n", "a.org", Skipped) == "no text"

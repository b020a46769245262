"""reStructuredText with its headings."""

from text_files import headings, read

RST = """\
=========
The title
=========

Intro
=====

A paragraph, then ``code``::

    Not a heading
    -------------

======  =====
Simple  table
======  =====
a       b
======  =====

----------

:ref:`Part <target>` two
------------------------

Short
--

Hi
==
"""


def test_restructured_text() -> None:
    document = read(RST.encode(), "a.rst")
    assert document.text == RST
    assert document.title == "The title"
    assert headings(document) == [
        (0, ("The title",)),
        (RST.index("Intro"), ("The title", "Intro")),
        (RST.index(":ref:"), ("The title", "Intro", "Part two")),
        (RST.index("Hi\n"), ("The title", "Hi")),
    ]
    assert read(b"text only", "x/a.rst").title == "a.rst"


def test_a_long_title_takes_no_time() -> None:
    title = "a" + ":a" * 200_000
    assert read(f"{title}\n====\n".encode(), "a.rst").title == title

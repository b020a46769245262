"""Wiki text as a person reads it."""

import pytest

from text_files import headings, read, read_lines

WIKI = """\
== Heron '''counts''' ==
<span id="x">One</span> [[bird|heron]] at the [https://example.org west pond], 2 &gt; 1.<!-- hidden
still -->
h2(#id). Table
{| class="wikitable"
|-
! style="text-align: right;"| Pond !! Herons
|-
| West || 12
|}
"""


def test_wiki() -> None:
    document, lines = read_lines(WIKI, "a.mediawiki")
    assert lines == [
        "Heron counts",
        "One heron at the west pond, 2 > 1.",
        "Table",
        "Pond | Herons",
        "West | 12",
    ]
    assert headings(document)[0] == (0, ("Heron counts",))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("|_. Pond|_. Herons|", "Pond | Herons"),
        ("<pre>a < b</pre>", "a < b"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<nowiki>''as it is''</nowiki>", "as it is"),
        ("= One =\ntext", "One\ntext"),
    ],
)
def test_lines_of_wiki_text(source: str, shown: str) -> None:
    assert read(source.encode(), "a.textile").text.strip() == shown

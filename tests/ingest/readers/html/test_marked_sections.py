"""CDATA sections of XHTML."""

import pytest

from wherein.ingest.readers.html.marked_sections import without_marked_sections


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>a<![CDATA[ <b> & c]]> d<![CDATA[]]></p>", "<p>a &lt;b&gt; &amp; c d</p>"),
        ("<script>//<![CDATA[\nx\n//]]></script>", "<script>//<![CDATA[\nx\n//]]></script>"),
        ("<!-- <![CDATA[a]]> -->", "<!-- <![CDATA[a]]> -->"),
        ("<p><![CDATA[a <", "<p>a &lt;"),
    ],
)
def test_their_text_is_escaped(source: str, expected: str) -> None:
    assert without_marked_sections(source) == expected


def test_time_is_linear() -> None:
    assert without_marked_sections("<![CDATA[" * 100_000).startswith("&lt;![CDATA[")

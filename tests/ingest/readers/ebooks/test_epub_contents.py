"""The table of contents of an e-book."""

import io

import pytest

import office
from wherein.ingest.readers.ebooks.epub_contents import chapter_titles
from wherein.ingest.readers.shared.package import open_package

NCX = """<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>
<navPoint><navLabel><text>One
 part</text></navLabel><content src="text/a%20b.xhtml#top"/>
<navPoint><navLabel><text>Inner</text></navLabel><content src="text/a%20b.xhtml#inner"/></navPoint></navPoint>
<navPoint><navLabel><text> </text></navLabel><content src="text/c.xhtml"/></navPoint></navMap></ncx>"""
NAV = '<nav><a href="x.xhtml">Other</a></nav><nav epub:type="toc"><a href="../a.xhtml#x">A  <b>chapter</b></a></nav>'


def titles(parts: dict[str, str], contents: str) -> dict[str, str]:
    with open_package(io.BytesIO(office.packed(parts))) as package:
        return chapter_titles(package, contents)


def test_a_chapter_has_its_first_title() -> None:
    assert titles({"OEBPS/toc.ncx": NCX}, "OEBPS/toc.ncx") == {"OEBPS/text/a b.xhtml": "One part"}


def test_links_of_a_page_are_relative_to_it() -> None:
    page = office.PAGE.format(NAV)
    assert titles({"book/nav/toc.xhtml": page}, "book/nav/toc.xhtml") == {"book/a.xhtml": "A chapter"}


def test_without_a_type_any_navigation_counts() -> None:
    page = office.PAGE.format('<nav><a href="a.xhtml">A</a><a>no target</a></nav>')
    assert titles({"toc.xhtml": page}, "toc.xhtml") == {"a.xhtml": "A"}


@pytest.mark.parametrize(("parts", "contents"), [({"a": ""}, ""), ({"a": ""}, "none"), ({"toc": "<ncx"}, "toc")])
def test_contents_that_cannot_be_read(parts: dict[str, str], contents: str) -> None:
    assert titles(parts, contents) == {}

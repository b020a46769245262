import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.ebooks.epub import READER
from wherein.ingest.readers.shared.skipped import Skipped

FIRST = "OEBPS/text/first one.xhtml"
SECOND = "OEBPS/text/second.xhtml"
NCX = """<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><docTitle><text>The book</text></docTitle><navMap><navPoint>
<navLabel><text>Chapter I</text></navLabel><content src="text/first%20one.xhtml#a"/></navPoint></navMap></ncx>"""


def test_book() -> None:
    assert office.read(office.book()) == Document(
        "The book",
        "It was a house.\n\nThe end\n\n- one\n- two",
        READER.media_type,
        metadata={
            "author": ["Ada", "Bob"],
            "description": "All about houses",
            "keywords": ["Houses", "Law"],
            "language": "en",
            "created": "2024",
            "modified": "2024-01-31T10:05:00Z",
        },
        marks=(Mark(0, heading=("The beginning",)), Mark(17, heading=("The end",))),
    )


def test_contents_of_an_older_book() -> None:
    parts = office.unpacked(office.book())
    parts["OEBPS/nav.xhtml"] = NCX.encode()
    parts["OEBPS/book.opf"] = parts["OEBPS/book.opf"].replace(
        b'application/xhtml+xml" properties="nav"', b'application/x-dtbncx+xml"'
    )
    assert office.read(office.packed(parts)).marks[0] == Mark(0, heading=("Chapter I",))


@pytest.mark.parametrize("content", [None, b"<ncx ", b"\xff\xfe<"])
def test_without_contents(content: bytes | None) -> None:
    data = office.changed(office.book(), "OEBPS/book.opf", lambda part: part.replace(b'<itemref idref="nav"/>', b""))
    data = office.changed(data, "OEBPS/nav.xhtml", None if content is None else lambda _: content)
    found = office.read(data)
    assert found.text.startswith("It was a house.")
    assert found.marks == (Mark(17, heading=("The end",)),)


def test_a_chapter_that_cannot_be_read() -> None:
    found = office.read(office.changed(office.book(), FIRST, None))
    assert found.text == "The end\n\n- one\n- two"
    assert found.notes == ("1 of 3 chapters cannot be read: 2",)
    data = office.book()
    for part in (FIRST, SECOND, "OEBPS/nav.xhtml"):
        data = office.changed(data, part, lambda _: b"\xff\0\xfe\xff")
    assert office.reason(data) == (Unreadable, "damaged or truncated: none of its 3 chapters can be read")


def test_no_text() -> None:
    data = office.changed(office.book(), FIRST, lambda _: b"<html/>")
    assert office.reason(office.changed(data, SECOND, lambda _: b"<html/>")) == (Skipped, "no text in its chapters")


def test_protected_against_copying() -> None:
    def encryption(uri: str) -> str:
        return (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><e:EncryptedData '
            'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:CipherData>'
            f'<e:CipherReference URI="{uri}"/></e:CipherData></e:EncryptedData></encryption>'
        )

    parts = office.unpacked(office.book())
    font = {**parts, "META-INF/encryption.xml": encryption("OEBPS/font.otf")}
    assert office.read(office.packed(font)).title == "The book"
    chapter = {**parts, "META-INF/encryption.xml": encryption("OEBPS/text/first%20one.xhtml")}
    expected = "protected against copying (DRM); its text cannot be read"
    assert office.reason(office.packed(chapter)) == (Unreadable, expected)


def test_a_book_that_does_not_say_where_it_is() -> None:
    data = office.changed(office.book(), "META-INF/container.xml", lambda _: b"<container/>")
    assert office.reason(data) == (Unreadable, "damaged or truncated: its container names no package file")

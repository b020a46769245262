"""OpenDocument in one XML file."""

import io

import mutations
from text_files import reason
from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose


def read(data: bytes, name: str) -> Document:
    stream = io.BytesIO(data)
    (document,) = choose(name, stream).read(stream, name)
    assert isinstance(document, Document)
    return document


def test_a_text() -> None:
    document = read(mutations.FODT, "a.fodt")
    assert document.text == "Head\n\nThe boiler is cold."
    assert (document.title, document.media_type) == ("T", "application/vnd.oasis.opendocument.text")


def test_a_spreadsheet() -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = "".join(f"<table:table-row>{cell.format(word)}</table:table-row>" for word in ("a", "b"))
    source = f"""<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
        xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
        xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
        office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet>
        <table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body></office:document>"""
    document = read(source.encode(), "a.fods")
    assert ("a" in document.text, "b" in document.text, "<" in document.text) == (True, True, False)
    assert document.media_type == "application/vnd.oasis.opendocument.spreadsheet"


def test_the_root_declares_the_kind() -> None:
    names = "".join(f' xmlns:a{number}="urn:example:{number}"' for number in range(200))
    source = mutations.FODT.decode().replace("<office:document", f"<office:document{names}", 1)
    for data in (source.encode(), source.encode("utf-16")):
        assert read(data, "a.fodt").text == "Head\n\nThe boiler is cold."


def test_a_part_of_a_package_is_any_other_xml() -> None:
    part = mutations.FODT.replace(b"office:document ", b"office:document-content ")
    part = part.replace(b"</office:document>", b"</office:document-content>")
    assert read(part, "content.xml").media_type == "application/xml"


def test_another_kind() -> None:
    source = mutations.FODT.replace(b"opendocument.text", b"opendocument.chart")
    assert reason(source, "a.fodt", Unreadable) == "unsupported kind of OpenDocument file"

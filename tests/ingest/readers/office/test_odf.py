"""Content, properties and white space of OpenDocument files."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.readers.office.odf import Inline, content_events, read_properties
from wherein.ingest.readers.shared.package import Package, open_package
from wherein.ingest.readers.shared.xml_events import TEXT

BASE = "urn:oasis:names:tc:opendocument:xmlns"


@contextmanager
def package(parts: Mapping[str, str]) -> Iterator[Package]:
    with open_package(io.BytesIO(office.packed(parts))) as opened:
        yield opened


def content(inside: str) -> str:
    return f'<o:body xmlns:o="{BASE}:office:1.0" xmlns:t="{BASE}:text:1.0">{inside}</o:body>'


def test_comments_and_deletions_are_left_out() -> None:
    inside = "<t:p>a<o:annotation><t:p>b</t:p></o:annotation>c</t:p><t:tracked-changes><t:p>d</t:p></t:tracked-changes>"
    with package({"content.xml": content(inside)}) as opened:
        left_out = Counter[str]()
        assert "".join(value for kind, value, _ in content_events(opened, left_out) if kind is TEXT) == "ac"
        assert left_out == {"comments": 1}


def test_an_encrypted_file_is_refused() -> None:
    manifest = f'<m:manifest xmlns:m="{BASE}:manifest:1.0"><m:encryption-data/></m:manifest>'
    with (
        package({"content.xml": content(""), "META-INF/manifest.xml": manifest}) as opened,
        pytest.raises(Unreadable, match="encrypted; save it without a password"),
    ):
        content_events(opened, Counter())
    with package({"content.xml": content("<t:p>a</t:p>"), "META-INF/manifest.xml": "<damaged"}) as opened:
        assert len(list(content_events(opened, Counter()))) == 5


META = (
    f'<o:meta xmlns:o="{BASE}:office:1.0" xmlns:meta="{BASE}:meta:1.0"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/">{}</o:meta>'
)


def test_properties() -> None:
    inside = (
        "<dc:title>Lease</dc:title><meta:initial-creator>Ada</meta:initial-creator><dc:creator>Bob</dc:creator>"
        "<meta:keyword>a</meta:keyword><meta:keyword>b</meta:keyword><dc:date>2024-02-01</dc:date>"
    )
    with package({"meta.xml": META.replace("{}", inside)}) as opened:
        found = read_properties(opened)
    assert (found.title, found.notes) == ("Lease", ())
    assert found.metadata == {"author": "Ada", "keywords": ["a", "b"], "modified": "2024-02-01"}


def test_properties_that_are_missing_or_damaged() -> None:
    with package({"a": ""}) as opened:
        assert read_properties(opened).metadata == {}
    with package({"meta.xml": "<a>"}) as opened:
        assert read_properties(opened).notes == ("its properties cannot be read",)


def test_white_space_that_is_written_as_elements() -> None:
    inline = Inline()
    inline.text("outside")
    inline.start("text:p", {})
    inline.text("a\nb")
    inline.start("text:s", {"text:c": "3"})
    inline.start("text:s", {})
    inline.start("text:tab", {})
    inline.start("text:line-break", {})
    inline.text("c")
    assert inline.end("text:span") is None
    assert inline.end("text:p") == "a b    \t\nc"
    assert inline.end("text:p") is None


@pytest.mark.parametrize(
    ("count", "spaces"), [("100", 100), ("999999999", 100), ("99999999999", 1), ("-1", 1), ("x", 1)]
)
def test_spaces_are_limited(count: str, spaces: int) -> None:
    inline = Inline()
    inline.start("text:p", {})
    inline.start("text:s", {"text:c": count})
    assert inline.end("text:p") == " " * spaces


def test_a_paragraph_may_have_paragraphs_inside() -> None:
    inline = Inline()
    inline.start("text:p", {})
    inline.text("outer ")
    inline.start("text:h", {})
    inline.text("inner")
    assert inline.end("text:h") == "inner"
    inline.text("end")
    assert inline.end("text:p") == "outer end"

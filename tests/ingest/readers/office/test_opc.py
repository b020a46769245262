"""Related parts and properties of DOCX, PPTX and XLSX."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.readers.office.opc import Relation, first_target, main_part, read_properties, relations
from wherein.ingest.readers.shared.package import Package, open_package

TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@contextmanager
def package(parts: Mapping[str, str]) -> Iterator[Package]:
    with open_package(io.BytesIO(office.packed(parts))) as opened:
        yield opened


def rels(*related: tuple[str, str, str], mode: str = "Internal") -> str:
    rows = "".join(
        f'<Relationship Id="{name}" Type="{TYPES}/{kind}" Target="{target}" TargetMode="{mode}"/>'
        for name, kind, target in related
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def test_targets_are_relative_to_the_part() -> None:
    rows = rels(("1", "slide", "slides/a.xml"), ("2", "theme", "../theme.xml"), ("3", "image", "/media/a.png"))
    with package({"ppt/_rels/main.xml.rels": rows}) as opened:
        assert relations(opened, "ppt/main.xml") == {
            "1": Relation("slide", "ppt/slides/a.xml"),
            "2": Relation("theme", "theme.xml"),
            "3": Relation("image", "media/a.png"),
        }
        assert relations(opened, "ppt/other.xml") == {}


def test_what_lies_outside_is_no_part() -> None:
    outside = rels(("1", "hyperlink", "https://example.org"), mode="External")
    with package({"_rels/.rels": outside}) as opened:
        assert relations(opened) == {}


def test_no_target_leaves_the_package() -> None:
    with package({"_rels/.rels": rels(("1", "officeDocument", "../../../etc/passwd"))}) as opened:
        assert main_part(opened) == "etc/passwd"


def test_the_first_target_of_a_kind() -> None:
    related = {"1": Relation("slide", "a"), "2": Relation("notes", "b"), "3": Relation("slide", "c")}
    assert first_target(related, "slide") == "a"
    assert first_target(related, "theme") is None


def test_a_package_without_a_main_part() -> None:
    with package({"a": ""}) as opened, pytest.raises(Unreadable, match="it names no main part"):
        main_part(opened)


CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">{}</cp:coreProperties>'
)


def test_core_properties() -> None:
    core = CORE.format("<dc:title>Lease</dc:title><dc:creator>Ada</dc:creator><cp:keywords>a; b</cp:keywords>"
                       "<dcterms:created>2024-01-31T10:05:00Z</dcterms:created>")  # fmt: skip
    with package({"_rels/.rels": rels(("1", "core-properties", "core.xml")), "core.xml": core}) as opened:
        found = read_properties(opened, "en-GB")
    assert (found.title, found.notes) == ("Lease", ())
    assert found.metadata == {
        "author": "Ada", "keywords": ["a", "b"], "language": "en-GB", "created": "2024-01-31T10:05:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("title", ["PowerPoint Presentation", "Word Document", "untitled"])
def test_the_titles_that_programs_give_are_none(title: str) -> None:
    core = CORE.format(f"<dc:title>{title}</dc:title><dc:language>fr</dc:language>")
    with package({"_rels/.rels": rels(("1", "core-properties", "core.xml")), "core.xml": core}) as opened:
        found = read_properties(opened, "en-GB")
    assert (found.title, found.metadata) == ("", {"language": "fr"})


def test_properties_that_are_missing_or_damaged() -> None:
    with package({"_rels/.rels": rels(("1", "core-properties", "core.xml"))}) as opened:
        assert read_properties(opened, "de").metadata == {"language": "de"}
    with package({"_rels/.rels": rels(("1", "core-properties", "core.xml")), "core.xml": "<a>"}) as opened:
        assert read_properties(opened).notes == ("its properties cannot be read",)

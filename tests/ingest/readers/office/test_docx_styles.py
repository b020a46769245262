"""The styles of a Word document."""

import io

import pytest

import office
from wherein.ingest.readers.office.docx_styles import Style, apply_property, is_on, read_styles, resolve
from wherein.ingest.readers.shared.package import open_package

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def styles(inside: str) -> tuple[dict[str, Style], str]:
    part = f'<w:styles xmlns:w="{WORD}">{inside}</w:styles>'
    with open_package(io.BytesIO(office.packed({"styles.xml": part}))) as package:
        return read_styles(package, "styles.xml")


def test_styles_are_read_by_their_ids() -> None:
    found, language = styles(
        '<w:docDefaults><w:lang w:val="de-AT"/></w:docDefaults>'
        '<w:style w:type="paragraph" w:styleId="h"><w:name w:val="heading 2"/><w:basedOn w:val="n"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="l"><w:name w:val="List Bullet 3"/><w:numId w:val="7"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="t"><w:name w:val="Title"/><w:lang w:val="fr"/></w:style>'
        '<w:style w:type="character" w:styleId="c"><w:name w:val="heading 1"/></w:style>'
    )
    assert language == "de-AT"
    assert found == {
        "h": Style("n", outline=1), "l": Style(item=2, list_id="7"), "t": Style(is_title=True),
    }  # fmt: skip


def test_what_a_style_was_before_a_change_is_left_out() -> None:
    found, _ = styles(
        '<w:style w:type="paragraph" w:styleId="a"><w:outlineLvl w:val="1"/>'
        '<w:pPrChange><w:outlineLvl w:val="5"/></w:pPrChange></w:style>'
    )
    assert found["a"].outline == 1


def test_a_document_without_styles() -> None:
    with open_package(io.BytesIO(office.packed({"a": ""}))) as package:
        assert read_styles(package, None) == read_styles(package, "none.xml") == ({}, "")


@pytest.mark.parametrize(("value", "level"), [("0", 0), ("9", 9), ("10", None), ("", None), ("x", None), ("²", None)])
def test_levels(value: str, level: int | None) -> None:
    style = Style()
    apply_property(style, "w:outlineLvl", {"w:val": value})
    apply_property(style, "w:ilvl", {"w:val": value})
    assert (style.outline, style.item) == (level, level)


def test_a_list_that_is_switched_off() -> None:
    style = Style()
    for value, expected in (("3", "3"), ("0", "")):
        apply_property(style, "w:numId", {"w:val": value})
        assert style.list_id == expected


def test_missing_properties_come_from_the_styles_below() -> None:
    known = {"a": Style("b", item=1), "b": Style("c", outline=2, list_id="7"), "c": Style("a", outline=5, list_id="8")}
    assert resolve(Style("a"), known) == Style("", 2, 1, "7")
    assert resolve(Style("a", outline=0, list_id=""), known) == Style("", 0, 1, "")
    assert resolve(Style("none"), known) == Style()


def test_the_title_is_a_heading_but_not_what_is_based_on_it() -> None:
    known = {"Title": Style(is_title=True), "other": Style("Title")}
    assert resolve(Style("Title"), known).outline == 0
    assert resolve(Style("other"), known).outline is None


@pytest.mark.parametrize(("value", "on"), [("1", True), ("true", True), ("0", False), ("False", False), ("OFF", False)])
def test_switches(value: str, on: bool) -> None:
    assert is_on({"w:val": value}) == on
    assert is_on({})

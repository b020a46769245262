"""The numbers that Word puts before headings and list items."""

import io
from collections.abc import Iterator

import pytest

import office
from wherein.ingest.readers.office.docx_numbers import Label, Numbers
from wherein.ingest.readers.shared.package import open_package

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def level(number: int, form: str, pattern: str, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{number}"><w:numFmt w:val="{form}"/><w:lvlText w:val="{pattern}"/>{more}</w:lvl>'


LISTS = f"""<w:numbering xmlns:w="{WORD}">
<w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.", '<w:pStyle w:val="H1"/>')}
{level(1, "lowerLetter", "%1%2)", '<w:pStyle w:val="H2"/>')}</w:abstractNum>
<w:abstractNum w:abstractNumId="1">{level(0, "bullet", "o")}</w:abstractNum>
<w:abstractNum w:abstractNumId="2">{level(0, "upperRoman", "%1", '<w:start w:val="4"/>')}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="5"><w:abstractNumId w:val="0"/>
<w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride></w:num>
</w:numbering>"""


@pytest.fixture
def numbers() -> Iterator[Numbers]:
    with open_package(io.BytesIO(office.packed({"numbering.xml": LISTS}))) as package:
        yield Numbers(package, "numbering.xml")


def labels(numbers: Numbers, *items: tuple[str, int]) -> list[str]:
    return [numbers.label(list_id, number, "").text for list_id, number in items]


def test_a_deeper_level_begins_again_under_each_item(numbers: Numbers) -> None:
    items = [("1", 0), ("1", 1), ("1", 1), ("1", 0), ("1", 1)]
    assert labels(numbers, *items) == ["1.", "1a)", "1b)", "2.", "2a)"]


def test_lists_of_one_definition_share_their_numbers(numbers: Numbers) -> None:
    assert labels(numbers, ("1", 0), ("2", 0), ("5", 0), ("5", 0), ("1", 0)) == ["1.", "2.", "9.", "10.", "11."]


def test_bullets_have_no_number(numbers: Numbers) -> None:
    assert numbers.label("3", 0, "") == Label(0, "")


def test_a_list_may_begin_anywhere(numbers: Numbers) -> None:
    assert labels(numbers, ("4", 0), ("4", 0)) == ["IV", "V"]


def test_without_a_level_it_is_that_of_the_style(numbers: Numbers) -> None:
    assert numbers.label("1", None, "H1") == Label(0, "1.")
    assert numbers.label("1", None, "H2") == Label(1, "1a)")
    assert numbers.label("1", None, "") == Label(0, "2.")


def test_a_list_of_one_level_counts_also_where_it_is_nested(numbers: Numbers) -> None:
    assert numbers.label("4", 3, "") == Label(3, "IV")


def test_a_list_that_is_not_defined(numbers: Numbers) -> None:
    assert numbers.label("99", 2, "") == Label(2, "")
    with open_package(io.BytesIO(office.packed({"a": ""}))) as package:
        assert Numbers(package, None).label("1", 0, "") == Numbers(package, "none").label("1", 0, "") == Label(0, "")


@pytest.mark.parametrize(
    ("form", "number", "text"),
    [
        ("decimal", 12, "12"), ("decimalZero", 7, "07"), ("none", 7, ""), ("lowerLetter", 26, "z"),
        ("upperLetter", 27, "AA"), ("lowerLetter", 131, "131"), ("lowerRoman", 1994, "mcmxciv"),
        ("upperRoman", 3999, "MMMCMXCIX"), ("upperRoman", 4000, "4000"), ("lowerRoman", 0, "0"), ("ordinal", 3, "3"),
    ],
)  # fmt: skip
def test_forms(form: str, number: int, text: str) -> None:
    start = f'<w:start w:val="{number}"/>'
    part = (
        f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0">{level(0, form, "%1", start)}'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    with open_package(io.BytesIO(office.packed({"n.xml": part}))) as package:
        assert Numbers(package, "n.xml").label("1", 0, "").text == text

"""Excel workbooks and OpenDocument spreadsheets."""

import datetime
import re

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers import Skipped
from wherein.ingest.readers.office import sheets
from wherein.ingest.readers.office.number_formats import display_number, number_format

RENTS = "Rents\n\nWho | Sum |  | When\nAda | 0.3 | x |  | 2024-01-31 10:05:00\n2024-02-29 | 10:05:00 | 26:00:00 | TRUE"


def with_cells(rows: str) -> bytes:
    """A workbook with these rows on its first sheet."""
    return office.changed(
        office.workbook(),
        "xl/worksheets/sheet1.xml",
        lambda part: re.sub(b"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".encode(), part),
    )


def test_excel() -> None:
    found = office.read(office.workbook())
    assert found.text == f"{RENTS}\n\ntwo lines | 12.5% | 2 | ab | #DIV/0! | rich text\n\nFar\n\ncorner"
    assert found.marks == (Mark(0, heading=("Rents",)), Mark(found.text.index("Far"), heading=("Far",)))
    assert found.title == "Rents"
    assert found.metadata == {"author": "Ada", "created": "2024-01-31T10:05:00Z", "modified": "2024-01-31T10:05:00Z"}
    assert found.notes == ("1 hidden sheet is left out: Secret",)


def test_inline_strings_and_formulas_that_were_never_calculated() -> None:
    file = openpyxl.Workbook()
    file.active.append(["text", datetime.date(2024, 2, 29), datetime.datetime(1999, 12, 31, 23, 59, 59), "=1+1", False])
    file.active.append(["=A1", 12345678901, -0.5, datetime.timedelta(minutes=-90)])
    found = office.read(office.saved(file), "a/b.xlsx")
    assert found.text == "Sheet\n\ntext | 2024-02-29 | 1999-12-31 23:59:59 |  | FALSE\n12345678901 | -0.5 | -1:30:00"
    assert found.title == "b.xlsx"
    assert found.notes == ("2 formulas have no stored value; save the file with a spreadsheet program to have them",)


def test_a_formula_whose_result_is_an_empty_text() -> None:
    data = with_cells('<row><c t="str"><f>""</f><v></v></c><c><v>1</v></c></row>')
    assert office.read(data).notes == ("1 hidden sheet is left out: Secret",)


def test_places_of_cells_may_be_anything() -> None:
    rows = (
        '<row r="5"><c><v>1</v></c><c r="ZZZ5"><v>2</v></c><c r="what"><v>3</v></c></row>'
        '<row r="999999999"><c r="A999999999"><v>4</v></c></row><row><c t="str"><v>5</v></c></row>'
        '<row r="99999999999999999999"><c s="77" t="n"><v>6</v></c></row><row r="1"><c><v>x</v></c></row>'
    )
    assert office.read(with_cells(rows)).text.startswith("Rents\n\n1 |  | 2 | 3\n\n4\n5\n6\nx\n\nFar")


def test_texts_in_another_script_show_no_reading_aid() -> None:
    phonetic = '<row><c t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></is></c></row>'
    assert office.read(with_cells(phonetic)).text.startswith("Rents\n\n東京\n\nFar")


def test_a_text_that_is_missing() -> None:
    for number in ("99", "-1", "x"):
        data = with_cells(f'<row><c t="s"><v>{number}</v></c></row>')
        expected = "damaged or truncated: a cell refers to a missing text"
        assert office.reason(data) == (Unreadable, expected)


def test_many_cells_that_share_a_long_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "TEXT_LIMIT", 2_000_000)
    rows = '<row><c t="s"><v>0</v></c></row>' * 100
    long = office.changed(
        with_cells(rows),
        "xl/sharedStrings.xml",
        lambda part: part.replace(b"<t>Who</t>", b"<t>" + b"x" * 30_000 + b"</t>"),
    )
    expected = "more than 2 million characters in its cells; split it into several files"
    assert office.reason(long) == (Unreadable, expected)


def test_no_text() -> None:
    assert office.reason(office.saved(openpyxl.Workbook())) == (Skipped, "no text in its cells")


@pytest.mark.parametrize(
    ("code", "stored", "expected"),
    [
        ("General", "0.30000000000000004", "0.3"),
        ("General", "12345678901234567890", "12345678901234567890"),
        ("General", "1E-3", "0.001"),
        ("General", "text", "text"),
        ("General", "1e999", "1e999"),
        ("#,##0.00 [$€-407]", "12.5", "12.5"),
        ('0 "days"', "5", "5"),
        ("0.00%", "0.07", "7%"),
        ("dd/mm/yyyy", "45351", "2024-02-29"),
        ("[$-409]mmmm yyyy;@", "45351", "2024-02-29"),
        ("yyyy-mm-dd", "1", "1900-01-01"),
        ("yyyy-mm-dd", "59", "1900-02-28"),
        ("yyyy-mm-dd", "61", "1900-03-01"),
        ("yyyy-mm-dd", "-1", "-1"),
        ("yyyy-mm-dd", "1e9", "1e9"),
        ("h:mm AM/PM", "0.75", "18:00:00"),
        ("d.m.yy h:mm", "45351.999999", "2024-03-01 00:00:00"),
        ("[mm]:ss", "1.5", "36:00:00"),
    ],
)
def test_number_formats(code: str, stored: str, expected: str) -> None:
    assert display_number(stored, number_format("164", code), from_1904=False) == expected


def test_built_in_formats_and_the_other_calendar() -> None:
    forms = [number_format(number, None) for number in ("0", "9", "14", "20", "22", "46", "30", "999", "x")]
    assert forms == ["number", "percent", "date", "time", "date and time", "duration", "date", "number", "number"]
    assert display_number("0", "date", from_1904=True) == "1904-01-01"
    data = office.changed(
        office.workbook(), "xl/workbook.xml", lambda part: part.replace(b"<workbookPr ", b'<workbookPr date1904="1" ')
    )
    assert "2028-03-01" in office.read(data).text


@given(st.datetimes(datetime.datetime(1900, 3, 1), datetime.datetime(9999, 12, 31)))
def test_every_second_is_shown_as_it_was_meant(time: datetime.datetime) -> None:
    time = time.replace(microsecond=0)
    days = (time - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
    assert display_number(repr(days), "date and time", from_1904=False) == time.isoformat(sep=" ")


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_format_and_any_number_are_shown(code: str, stored: str) -> None:
    assert isinstance(display_number(stored, number_format(code, code or None), from_1904=False), str)


def test_open_document() -> None:
    found = office.read(office.open_sheets(), "a/b.ods")
    line = "Ada | same | same | 2024-01-31 | 3.5"
    assert found.text == f"Rents\n\nWho |  | When\n{line}\n{line}\n\n12,50 €"
    assert found.marks == (Mark(0, heading=("Rents",)),)
    assert (found.title, found.metadata, found.notes) == ("b.ods", {"author": "Ada"}, ())


def test_repetitions_are_limited() -> None:
    data = office.changed(
        office.open_sheets(), "content.xml", lambda part: part.replace(b'rows-repeated="2"', b'rows-repeated="1000000"')
    )
    found = office.read(data)
    assert found.text.count("Ada") == 100
    assert found.notes == ("999,900 rows or cells are left out that are the same as 100 before them",)


def test_hidden_sheets() -> None:
    style = (
        '<office:automatic-styles><style:style style:name="h" style:family="table" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><style:table-properties '
        'table:display="false" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"/></style:style>'
        "</office:automatic-styles>"
    )

    def hide(part: bytes) -> bytes:
        part = part.replace(b"<office:automatic-styles/>", style.encode())
        return part.replace(b'table:name="Rents"', b'table:name="Rents" table:style-name="h"')

    data = office.changed(office.open_sheets(), "content.xml", hide)
    assert office.reason(data) == (Skipped, "no text in its cells")

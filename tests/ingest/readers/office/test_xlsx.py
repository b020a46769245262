"""Excel workbooks."""

import datetime
import io
import re

import openpyxl
import pytest
import xlsxwriter

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.office import sheets
from wherein.ingest.readers.shared.skipped import Skipped

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
        found = office.read(data)
        assert found.text == "Far\n\ncorner"
        assert found.notes[0] == "1 of 3 sheets is damaged and was read up to there: 1"
        alone = office.changed(data, "xl/worksheets/sheet4.xml", None)
        expected = "damaged or truncated: a cell refers to a missing text"
        assert office.reason(alone) == (Unreadable, expected)


def test_damage_to_one_sheet_costs_no_other() -> None:
    data = office.changed(office.workbook(), "xl/worksheets/sheet1.xml", lambda part: part[: part.index(b'<row r="3"')])
    found = office.read(data)
    assert found.text == "Rents\n\nWho | Sum |  | When\nAda | 0.3 | x |  | 2024-01-31 10:05:00\n\nFar\n\ncorner"
    for change in (None, lambda part: b"<"):
        found = office.read(office.changed(office.workbook(), "xl/worksheets/sheet4.xml", change))
        assert found.text.endswith("rich text")
        assert found.notes[0] == "1 of 3 sheets is damaged and was read up to there: 3"
    unlisted = office.changed(
        office.workbook(), "xl/_rels/workbook.xml.rels", lambda part: part.replace(b'Id="rId4"', b'Id="rId99"')
    )
    assert office.read(unlisted).text.endswith("rich text")


def test_a_damaged_drawing_costs_no_cells() -> None:
    stream = io.BytesIO()
    file = xlsxwriter.Workbook(stream)
    sheet = file.add_worksheet()
    sheet.write("A1", "cell")
    sheet.insert_textbox(2, 2, "box")
    file.close()
    found = office.read(office.changed(stream.getvalue(), "xl/drawings/drawing1.xml", lambda part: part[:-9]))
    assert found.text == "Sheet1\n\ncell\n\nbox"
    assert found.notes == ("1 of 1 sheets is damaged and was read up to there: 1",)


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


def test_text_boxes_follow_the_cells_and_comments_are_noted() -> None:
    stream = io.BytesIO()
    file = xlsxwriter.Workbook(stream)
    sheet = file.add_worksheet("Plan")
    sheet.write("A1", "cell")
    sheet.insert_textbox("B2", "In a box\nof text")
    sheet.write_comment("A1", "why?")
    file.add_worksheet("Box").insert_textbox("A1", "alone")
    file.close()
    found = office.read(stream.getvalue())
    assert found.text == "Plan\n\ncell\n\nIn a box\nof text\n\nBox\n\nalone"
    assert found.notes == ("left out: 1 comment",)

"""Excel workbooks of 1993 to 2003."""

import office
import ole_files
from wherein.errors import Unreadable


def test_values_dates_and_hidden_sheets() -> None:
    document = office.read(ole_files.workbook(), "rents.xls")
    assert document.text == "Rents\n\nWho | Sum\nZoë | 0.3 |  | 2024-01-31"
    assert document.title == "rents.xls"
    assert document.media_type == "application/vnd.ms-excel"
    assert document.notes == ("1 hidden sheet is left out: Old",)


def test_a_damaged_workbook_costs_the_file() -> None:
    assert office.reason(ole_files.ole({"Workbook": b"\xff" * 100})) == (Unreadable, "damaged or truncated")


def test_a_damaged_binary_workbook_costs_the_file() -> None:
    types = '<Types><Override ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
    data = office.packed({"[Content_Types].xml": types, "xl/workbook.bin": b"\xff\xff\xff"})
    assert office.reason(data) == (Unreadable, "damaged or truncated")

"""Excel workbooks of 1993 to 2003."""

import pytest

import bombs
import office
import ole_files
from wherein.errors import Unreadable
from xlsb_files import binary_workbook


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


@pytest.mark.parametrize("name", ["loop.xls", "claims-sectors.xls"])
def test_a_container_that_lies_costs_the_file(name: str) -> None:
    assert office.reason(bombs.BOMBS[name]()) == (Unreadable, "damaged or truncated")


def test_a_sheet_may_begin_anywhere() -> None:
    cells = [(5, 3, "Who"), (5, 4, "Sum"), (6, 9, "Zoë"), (8, 3, "Ann")]
    for data in (bombs.old_workbook(cells, (0, 9, 0, 10)), binary_workbook(cells)):
        assert office.read(data).text == "Rents\n\nWho | Sum\nZoë\n\nAnn"


def test_names_of_hidden_sheets_stay_on_one_line() -> None:
    data = ole_files.workbook().replace(b"\x03\0Old", b"\x03\0O\x01d")
    assert office.read(data).notes == ("1 hidden sheet is left out: O\\x01d",)

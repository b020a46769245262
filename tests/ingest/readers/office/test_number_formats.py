"""Numbers as Excel shows them."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import office
from wherein.ingest.readers.office.number_formats import display_number, number_format


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

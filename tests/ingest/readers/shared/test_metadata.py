import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.readers.shared.metadata import iso_time, standard_metadata


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024", "2024"),
        ("2024-01", "2024-01"),
        (" 2024-01-31 ", "2024-01-31"),
        ("20240131", "2024-01-31"),
        ("2024-01-31T10:05", "2024-01-31T10:05:00"),
        ("2024-01-31T10:05:00.123456", "2024-01-31T10:05:00"),
        ("2024-01-31T10:05:00Z", "2024-01-31T10:05:00Z"),
        ("2024-01-31 10:05:00+02:00", "2024-01-31T08:05:00Z"),
        ("D:20240131", "2024-01-31T00:00:00"),
        ("D:20240131100500", "2024-01-31T10:05:00"),
        ("D:202401311005", "2024-01-31T10:05:00"),
        ("D:20240131100500Z00'00'", "2024-01-31T10:05:00Z"),
        ("D:20240131100500-01'30'", "2024-01-31T11:35:00Z"),
        ("D:20240131100500+02", "2024-01-31T08:05:00Z"),
        ("20240131T100500Z", "2024-01-31T10:05:00Z"),
        ("20240131T1005+0200", "2024-01-31T08:05:00Z"),
        ("31 January 2024", ""),
        ("2024-02-30", ""),
        ("D:20241331", ""),
        ("0001-01-01T00:00:00+10:00", ""),
        ("", ""),
    ],
)
def test_stamps(written: str, expected: str) -> None:
    assert iso_time(written) == expected


@given(st.text(max_size=40) | st.from_regex(r"\AD:\d{4,20}[Z+-]?[\d']*\Z"))
def test_any_text_is_a_stamp_or_none(written: str) -> None:
    assert iso_time(iso_time(written)) == iso_time(written)


@given(st.datetimes(datetime.datetime(1, 1, 2), timezones=st.just(datetime.UTC)))
def test_stamps_sort_as_the_times_do(time: datetime.datetime) -> None:
    later = time.replace(microsecond=0) - datetime.timedelta(seconds=1)
    assert iso_time(later.isoformat()) < iso_time(time.isoformat())


def test_standard_metadata() -> None:
    assert standard_metadata() == {}
    assert standard_metadata(
        author=["Ada", " ", "Bob", "Ada"], keywords="a, b; c,,a", language="en_US", created="never"
    ) == {
        "author": ["Ada", "Bob"],
        "keywords": ["a", "b", "c"],
        "language": "en-US",
    }
    assert standard_metadata(author="A\n B\0", subject=(), description="x" * 2000) == {
        "author": "A B\ufffd",
        "description": "x" * 999 + "…",
    }

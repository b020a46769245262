"""The moment at which a run has to stop."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import UsageError
from wherein.ingest.progress.deadline import parse_until


def test_a_time_of_day_or_a_date_names_the_next_such_moment() -> None:
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert parse_until("06:00", now) == datetime(2026, 3, 4, 6, tzinfo=UTC)
    assert parse_until("05:06", now) == datetime(2026, 3, 5, 5, 6, tzinfo=UTC)
    assert parse_until("2026-03-06T01:00", now) == datetime(2026, 3, 6, 1, tzinfo=UTC)
    assert parse_until("2026-03-06T01:00+02:00", now) == datetime(2026, 3, 5, 23, tzinfo=UTC)
    for text in ("", "6", "25:00", "tomorrow", "2026-13-01", "6 pm"):
        with pytest.raises(UsageError, match="is not a time"):
            parse_until(text, now)
    with pytest.raises(UsageError, match="is in the past"):
        parse_until("2026-03-04", now)


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.times())
def test_a_time_of_day_is_its_next_occurrence(now: datetime, clock: object) -> None:
    text = f"{clock:%H:%M}"
    at = parse_until(text, now)
    assert timedelta(0) < at - now <= timedelta(days=1)
    assert f"{at:%H:%M}" == text


@given(MOMENTS, st.integers(1, 10**6))
def test_a_date_with_a_time_is_that_moment(now: datetime, minutes: int) -> None:
    later = now + timedelta(minutes=minutes)
    assert parse_until(later.isoformat(), now) == later


def test_a_zone_counts_and_without_one_it_is_that_of_the_clock() -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=timezone(timedelta(hours=-5)))
    assert parse_until("2026-03-04T18:30+01:00", now) == datetime(2026, 3, 4, 17, 30, tzinfo=UTC)
    assert parse_until("2026-03-04T18:30", now) == datetime(2026, 3, 4, 23, 30, tzinfo=UTC)


def test_a_clock_without_a_zone_is_the_local_one() -> None:
    now = datetime(2026, 3, 4, 12)
    assert parse_until("13:00", now) == datetime(2026, 3, 4, 13).astimezone()


@pytest.mark.parametrize("text", ["", "6", "25:00", "06:00:00", "tomorrow", "2026-13-01T00:00"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a time; write it like 06:00 or 2026-01-31T06:00$"):
        parse_until(text, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_past_is_refused() -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for text in ("2026-03-04T12:00", "2026-03-04T13:00+02:00"):
        with pytest.raises(UsageError, match=r"is in the past$"):
            parse_until(text, now)

"""The moment that `--until` names."""

from datetime import UTC, datetime

import pytest

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

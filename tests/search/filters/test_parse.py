"""Document types and dates: their short forms, and what is neither."""

import pytest

from wherein.errors import UsageError
from wherein.search.filters.parse import MEDIA_TYPES, media_type, since_ns


def test_every_reader_has_a_short_name() -> None:
    from wherein.ingest.readers import READERS

    assert {reader.media_type for reader in READERS} <= {"", *MEDIA_TYPES.values()}


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no document type 'word'; the types are csv, docx, .*html.*pdf"):
        media_type("word")


@pytest.mark.parametrize("wrong", ["yesterday", "2025-13-01", "", "0001-01-01"])
def test_what_is_not_a_date_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        since_ns(wrong)


def test_a_date_with_an_offset_is_in_nanoseconds_since_the_epoch() -> None:
    assert since_ns("2025-01-01T00:00:00+01:00") == 1_735_686_000 * 10**9

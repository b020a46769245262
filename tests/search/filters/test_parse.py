"""Document types and dates: their short forms, and what is neither."""

import pytest

from wherein.errors import UsageError
from wherein.search.filters.parse import MEDIA_TYPES, media_type, parse_filter, since_ns
from wherein.search.filters.uri_globs import uri_pattern
from wherein.search.filters.where import parse_where
from wherein.storage.filters.selection import Filter


def test_every_reader_has_a_short_name() -> None:
    from wherein.ingest.readers.registry import all_readers

    assert {reader.media_type for reader in all_readers()} <= {"", *MEDIA_TYPES.values()}


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no document type 'word'; the types are adoc, csv, doc, docx, .*html.*pdf"):
        media_type("word")


@pytest.mark.parametrize("wrong", ["yesterday", "2025-13-01", "", "0000-01-01"])
def test_what_is_not_a_date_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        since_ns(wrong)


def test_a_date_with_an_offset_is_in_nanoseconds_since_the_epoch() -> None:
    assert since_ns("2025-01-01T00:00:00+01:00") == 1_735_686_000 * 10**9


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pdf", "application/pdf"),
        (".PDF", "application/pdf"),
        ("htm", "text/html"),
        ("markdown", "text/markdown"),
        ("text", "text/plain"),
        ("ndjson", "application/jsonl"),
        ("Application/X-Own", "application/x-own"),
    ],
)
def test_short_names_of_types(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_dates_out_of_range_are_clamped_to_64_bits() -> None:
    assert since_ns("9999-01-01") == 2**63 - 1
    assert since_ns("1600-01-01T00:00:00+00:00") == -(2**63)
    for first in ("0001-01-01", "0001-01-01T00:00:00+14:00"):
        assert since_ns(first) == -(2**63)
    assert since_ns("9999-12-31T23:59:59-14:00") == 2**63 - 1
    assert since_ns(" 1970-01-01T00:00:01Z ") == 10**9


def test_a_filter_of_all_parts_and_one_of_none() -> None:
    assert parse_filter() == Filter()
    found = parse_filter(["*.md", "notes"], ["md", "txt"], "1970-01-02T00:00:00Z", "year = 5")
    assert found == Filter(
        (uri_pattern("*.md"), uri_pattern("notes")),
        ("text/markdown", "text/plain"),
        86_400 * 10**9,
        parse_where("year = 5"),
        ("*.md", "notes"),
    )

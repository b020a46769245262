"""Numbers of any size become ones that SQLite can hold."""

import sqlite3

import pytest

from wherein.storage.catalog.integers import bindable, clamp, fold


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, 0),
        (-1, -1),
        (2**63 - 1, 2**63 - 1),
        (2**63, 2**63 - 1),
        (10**400, 2**63 - 1),
        (-(2**63), -(2**63)),
        (-(2**63) - 1, -(2**63)),
    ],
)
def test_a_number_is_clamped_to_64_bits(number: int, expected: int) -> None:
    assert clamp(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(0, 0), (2**63 - 1, 2**63 - 1), (2**63, -(2**63)), (2**64 - 1, -1), (2**64 + 5, 5)]
)
def test_an_unsigned_number_is_folded_into_a_signed_one(number: int, expected: int) -> None:
    assert fold(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(2**63 - 1, 2**63 - 1), (2**64, 2.0**64), (-(10**30), -1e30), (10**400, 1.7976931348623157e308)],
)
def test_a_number_to_compare_with_can_be_bound(number: int, expected: float) -> None:
    assert bindable(number) == expected
    assert sqlite3.connect(":memory:").execute("SELECT ?", [bindable(number)]).fetchone() == (expected,)

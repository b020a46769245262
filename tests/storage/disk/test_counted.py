"""Numbers with their nouns."""

import pytest

from wherein.storage.disk.counted import counted


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (11, "11 rows"), (12_345, "12,345 rows")]
)
def test_one_is_singular(count: int, expected: str) -> None:
    assert counted(count, "row") == expected

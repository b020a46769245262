"""The types of the values in rows that have no checksum."""

from types import NoneType

import pytest

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import typed


def test_a_row_of_the_right_types_is_returned_itself() -> None:
    row = (1, "a", None)
    assert typed("golden", row, int, str, (str, NoneType)) is row


@pytest.mark.parametrize("row", [("1", "a"), (1, b"a"), (1, None), (1.0, "a")])
def test_a_value_of_another_type_is_damage(row: tuple[object, object]) -> None:
    with pytest.raises(Damaged, match=r"^A row of the table golden is damaged; run: wherein verify$"):
        typed("golden", row, int, str)


def test_as_many_types_as_values_are_expected() -> None:
    with pytest.raises(ValueError, match="shorter"):
        typed("golden", (1, "a"), int)

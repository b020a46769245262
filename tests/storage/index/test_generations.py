"""The records of generations."""

import pytest

from approximate_libraries import Library
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.index.generations import active_generation
from wherein.storage.index.method import IVF


@pytest.mark.parametrize(
    "change",
    [
        "count = count + 1", "highest_vector_id = 5", "bytes = bytes + 1", "sha256 = 'a'", "method = '{}'",
        "method = '['", "method = replace(method, '\"head\": ', '\"head\": 1')", "method = '7'",
        "method = replace(method, '\"effort\": ', '\"effort\": 1')", "method = '{\"checksum\": 1}'",
    ],
)  # fmt: skip
def test_a_record_that_was_changed_is_noticed(library: Library, change: str) -> None:
    made = library(IVF)
    with writing(made.db, "test"):
        made.db.execute(f"UPDATE generations SET {change}")
    with pytest.raises(Damaged, match="record of index"):
        active_generation(made.db)

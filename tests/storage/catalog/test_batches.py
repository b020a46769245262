import sqlite3
from collections.abc import Iterator

import pytest

from wherein.storage.catalog.batches import select_in


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE numbers (n INTEGER, odd INTEGER)")
    connection.executemany("INSERT INTO numbers VALUES (?, ?)", ((n, n % 2) for n in range(2_000)))
    yield connection
    connection.close()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_700])
def test_all_values_are_looked_up_however_many_there_are(db: sqlite3.Connection, count: int) -> None:
    rows = select_in(db, "SELECT n FROM numbers WHERE n IN ({})", list(range(count)))
    assert sorted(rows) == [(n,) for n in range(count)]


def test_parameters_before_the_list_are_bound_in_every_batch(db: sqlite3.Connection) -> None:
    rows = select_in(db, "SELECT n FROM numbers WHERE odd = ? AND n IN ({})", list(range(1_700)), 1)
    assert sorted(rows) == [(n,) for n in range(1, 1_700, 2)]

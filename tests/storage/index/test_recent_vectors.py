"""Vectors that were read are found again without reading, however their places overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.index.recent_vectors import RecentVectors

WIDTH = 4_096  # so wide that 256 vectors are kept
STORED = 3_000


def vectors_of(ids: Ids) -> Matrix:
    return np.repeat(ids.astype(np.float32)[:, None], WIDTH, axis=1)


class Catalog:
    """Has the vectors 1 to 3,000, each of which repeats its id, and remembers which were read."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def find(self, ids: Ids) -> tuple[Ids, Matrix]:
        self.read += ids.tolist()
        stored = ids[ids <= STORED][::-1]
        return stored, vectors_of(stored)


def test_what_was_read_is_not_read_again() -> None:
    catalog, recent = Catalog(), RecentVectors(WIDTH)
    for wanted in ([1, 2, 3, STORED + 1], [2, 3, 4, STORED + 1], [1, 4], []):
        ids, vectors = recent.find(np.array(wanted, np.int64), catalog.find)
        assert sorted(ids.tolist()) == [number for number in wanted if number <= STORED]
        np.testing.assert_array_equal(vectors, vectors_of(ids))
    assert catalog.read == [1, 2, 3, STORED + 1, 4, STORED + 1]


def test_a_later_vector_takes_the_place_of_an_earlier_one() -> None:
    catalog, recent = Catalog(), RecentVectors(WIDTH)
    for wanted in ([7], [7 + 256], [7 + 256], [7]):
        recent.find(np.array(wanted), catalog.find)
    assert catalog.read == [7, 7 + 256, 7]


@given(st.lists(st.sets(st.integers(1, STORED + 50), max_size=400), max_size=6))
def test_every_stored_vector_is_found(questions: list[set[int]]) -> None:
    catalog, recent = Catalog(), RecentVectors(WIDTH)
    for wanted in questions:
        ids, vectors = recent.find(np.array(sorted(wanted), np.int64), catalog.find)
        assert sorted(ids.tolist()) == sorted(number for number in wanted if number <= STORED)
        np.testing.assert_array_equal(vectors, vectors_of(ids))

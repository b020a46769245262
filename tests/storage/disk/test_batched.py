from collections.abc import Iterator

import pytest

from wherein.storage.disk.batched import batched


@pytest.mark.parametrize(
    ("count", "batches"), [(0, []), (1, [[0]]), (3, [[0, 1, 2]]), (7, [[0, 1, 2], [3, 4, 5], [6]])]
)
def test_only_the_last_batch_may_be_shorter(count: int, batches: list[list[int]]) -> None:
    assert list(batched(range(count), 3)) == batches
    assert list(batched(iter(range(count)), 3)) == batches


def test_no_more_is_taken_than_the_next_batch_needs() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(5):
            taken.append(number)
            yield number

    assert next(batched(items(), 2)) == [0, 1]
    assert taken == [0, 1]

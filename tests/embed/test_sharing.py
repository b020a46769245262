"""Shared runs: who runs with whom, and what happens when a run fails or computes something else."""

import operator
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from wherein.embed.sharing import SharedRuns


class Gate:
    """Doubles numbers; the first run waits until `others` more items wait, so that they share the next runs."""

    def __init__(self, others: int, wrong_in_batches: bool = False) -> None:
        self.sizes: list[int] = []
        self.begun = threading.Event()
        self._others = others
        self._wrong = wrong_in_batches
        self.runs: SharedRuns[int, float] = SharedRuns(self._run, self._kind, operator.eq)

    def _run(self, items: Sequence[int]) -> list[float]:
        self.sizes.append(len(items))
        if not self.begun.is_set():
            self.begun.set()
            while len(self.runs._waiting) < self._others:
                threading.Event().wait(0.001)
        if -13 in items:
            raise ValueError("unlucky")
        return [2 * item + (0.5 if self._wrong and len(items) > 1 else 0) for item in items]

    def _kind(self, item: int) -> object:
        return item >= 100

    def ask(self, first: int, others: Sequence[int]) -> list[Future[float]]:
        with ThreadPoolExecutor(1 + len(others)) as pool:
            asked = [pool.submit(self.runs, first)]
            assert self.begun.wait(60)
            asked += [pool.submit(self.runs, item) for item in others]
        return asked


@pytest.mark.parametrize(
    ("others", "sizes"),
    [(0, [1]), (1, [1, 1]), (2, [1, 2, 1, 1]), (5, [1, 4, 1, 1, 1, 1, 1]), (8, [1, 8] + 8 * [1]), (20, None)],
)
def test_those_that_wait_run_together(others: int, sizes: list[int] | None) -> None:
    gate = Gate(others)
    assert [one.result() for one in gate.ask(0, range(1, others + 1))] == [2 * item for item in range(others + 1)]
    # The first batch of a size is followed by its items alone, to compare the results.
    assert sizes is None or gate.sizes == sizes
    assert sizes is not None or gate.sizes[:2] == [1, 16]


def test_a_size_that_gives_the_same_results_is_compared_once() -> None:
    gate = Gate(4)
    gate.ask(0, [1, 2, 3, 4])
    gate.begun.clear()
    assert [one.result() for one in gate.ask(0, [1, 2, 3, 4])] == [0, 2, 4, 6, 8]
    assert gate.sizes == [1, 4, 1, 1, 1, 1, 1, 4]


def test_a_size_that_gives_other_results_is_not_used_again() -> None:
    gate = Gate(4, wrong_in_batches=True)
    for _ in range(3):
        gate.begun.clear()
        assert [one.result() for one in gate.ask(0, [1, 2, 3, 4])] == [0, 2, 4, 6, 8]
    assert [size for size in gate.sizes if size > 1] == [4, 2]


def test_only_items_of_one_kind_run_together() -> None:
    gate = Gate(4)
    assert [one.result() for one in gate.ask(0, [100, 1, 101, 2])] == [0, 200, 2, 202, 4]
    assert max(gate.sizes) == 2


def test_a_run_that_fails_fails_for_its_items_only() -> None:
    gate = Gate(2)
    asked = gate.ask(0, [-13, 14])
    assert asked[0].result() == 0
    for one in asked[1:]:
        with pytest.raises(ValueError, match="unlucky"):
            one.result()
    assert gate.runs(7) == 14


def test_an_interrupted_leader_leaves_the_others_to_the_next_one() -> None:
    interrupted = threading.Event()

    def run(items: Sequence[int]) -> list[int]:
        if not interrupted.is_set():
            while len(runs._waiting) < 2:
                threading.Event().wait(0.001)
            interrupted.set()
            raise KeyboardInterrupt
        return [2 * item for item in items]

    runs: SharedRuns[int, int] = SharedRuns(run, lambda _: 0, operator.eq)

    def ask(item: int) -> Callable[[], int]:
        try:
            result = runs(item)
        except KeyboardInterrupt:
            return lambda: -1
        return lambda: result

    with ThreadPoolExecutor(3) as pool:
        results = sorted(one() for one in pool.map(ask, [1, 1, 1]))
    assert results == [-1, 2, 2]

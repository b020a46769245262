"""The highest of many scores, against a stable sort."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wherein.search.top import highest, highest_over_zero


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), st.integers(1, 35))
def test_the_highest_are_those_of_a_stable_sort(scores: list[float], n: int) -> None:
    positions = highest(np.array(scores), n)
    assert list(positions) == sorted(range(len(scores)), key=lambda position: (-scores[position], position))[:n]


def test_no_scores_none_wanted_and_single_precision() -> None:
    assert highest(np.zeros(0), 3).shape == (0,)
    assert highest(np.array([1.0, 2.0]), 1).tolist() == [1]
    assert highest(np.array([1, 3, 3, 2], np.float32), 3).tolist() == [1, 2, 3]


@given(st.integers(0, 5_000), st.integers(1, 40), st.sampled_from([1, 2, 5, 1_000_000]), st.integers(0, 2**32 - 1))
def test_the_highest_of_thousands_are_those_of_a_stable_sort(size: int, n: int, distinct: int, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, distinct, size).astype(np.float32)
    assert highest(scores, n).tolist() == np.argsort(-scores, kind="stable")[:n].tolist()


@given(st.integers(0, 5_000), st.integers(1, 40), st.sampled_from([1, 2, 5, 1_000_000]), st.integers(0, 2**32 - 1))
def test_the_highest_over_zero_are_those_of_a_stable_sort(size: int, n: int, distinct: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    scores = (chance.integers(0, distinct, size) * (chance.random(size) < chance.random())).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    assert highest_over_zero(scores, n).tolist() == order[scores[order] > 0][:n].tolist()

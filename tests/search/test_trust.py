"""The weight of meaning beside words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.search.trust import agreement, spread_factor, trust_in_meaning

BACKGROUND = np.array([0.0, 0.1, 0.2, 0.1])
DEVIATION = float(BACKGROUND.std())


def test_agreement_is_in_standard_deviations_above_the_mean_and_ignores_what_has_no_vector() -> None:
    assert agreement(np.array([0.1, 0.3, np.nan]), BACKGROUND) == pytest.approx(0.1 / DEVIATION)
    assert agreement(np.array([0.0]), BACKGROUND) == pytest.approx(-0.1 / DEVIATION)


@pytest.mark.parametrize(
    ("by_words", "background"),
    [([], BACKGROUND), ([np.nan], BACKGROUND), ([0.4], np.zeros(0)), ([0.4], np.full(5, 0.3))],
)
def test_agreement_is_unknown_without_passages_or_without_a_deviation(
    by_words: list[float], background: np.ndarray
) -> None:
    assert agreement(np.array(by_words), background) is None


@pytest.mark.parametrize(
    ("agrees", "characters", "trust"),
    [
        (None, 1.0, 1.0),  # nothing to judge by
        (0.1, 1.0, 0.15),  # Greek, to a model that has its letters alone
        (-1.0, 0.0, 0.15),  # unknown tokens only
        (3.0, 0.0, 0.15),
        (None, 0.0, 0.15),
        (0.3, 4.2, 1.0),  # English, in other words than the passages
        (3.0, 1.0, 1.0),  # Chinese, to a model that knows it
        (1.5, 1.5, 0.575),
        (0.5, 2.25, 0.575),
        (1.5, 2.25, 0.7875),
    ],
)
def test_meaning_counts_fully_unless_both_signs_speak_against_it(
    agrees: float | None, characters: float, trust: float
) -> None:
    assert trust_in_meaning(agrees, characters) == pytest.approx(trust)


@pytest.mark.parametrize(("deviation", "factor"), [(0.2, 1), (0.085, 1), (0.034, 2.5), (0.001, 8), (0.0, 1)])
def test_cosines_that_differ_little_are_brought_to_the_usual_scale(deviation: float, factor: float) -> None:
    assert spread_factor(0.7 + deviation * np.array([-1.0, 1.0])) == pytest.approx(factor)
    assert spread_factor(np.zeros(0)) == 1


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(0, 12), st.floats(0, 12))
def test_trust_grows_with_each_sign(agrees: float, more: float, characters: float, longer: float) -> None:
    low = trust_in_meaning(min(agrees, more), min(characters, longer))
    high = trust_in_meaning(max(agrees, more), max(characters, longer))
    assert 0.15 <= low <= high <= 1

"""The chance of each candidate: in the order of their scores, and by what is known of the best one."""

from itertools import pairwise

import numpy as np
import pytest

from wherein.search.calibration import (
    NO_GOOD_MATCH,
    OTHERS,
    WEIGHTS,
    Features,
    Weights,
    chances_of,
    features,
    weights_of,
)
from wherein.search.fusion import Fused

BACKGROUND = np.array([0.0, 0.1, 0.2, 0.1])
SHIPPED = WEIGHTS["wherein-minilm-squad-int8"]


def fused(scores: list[float], coverage: float = 1.0, without_phrases: list[float] | None = None) -> Fused:
    count = len(scores)
    shares = np.full((count, 3), coverage)
    return Fused(np.arange(count), np.array(scores), np.array(without_phrases or scores), shares)


def chances(
    scores: list[float],
    cosine: float = 0.5,
    *,
    coverage: float = 1.0,
    passages: int = 1_000,
    question: str = "Who signs it?",
    weights: Weights = SHIPPED,
) -> list[float | None]:
    dense = np.full(len(scores), cosine)
    return chances_of(weights, fused(scores, coverage), dense, BACKGROUND, passages, question)


def test_the_features_of_the_best_passage() -> None:
    found = features(
        fused([0.9, 0.8, 0.7, 0.65, 0.5, 0.1], 0.75), np.array([0.5, 0, 0, 0, 0, 0]), BACKGROUND, 1_000, "?"
    )
    assert found == pytest.approx(Features(0.5, 0.4 / BACKGROUND.std(), 0.75, 0.1, 0.4, np.log(1_000), 1))


@pytest.mark.parametrize(
    ("scores", "leads"),
    [
        ([0.9], (0.3, 0.3)),
        ([0.9, 0.9], (0.3, 0.3)),  # copies alone
        ([0.9, 0.9, 0.7], (0.2, 0.2)),
        ([0.9, 0.8, 0.7], (0.1, 0.2)),
        ([0.9, 0.8, 0.8, 0.8, 0.3, 0.2], (0.1, 0.6)),
    ],
)
def test_by_how_much_the_best_passage_leads(scores: list[float], leads: tuple[float, float]) -> None:
    found = features(fused(scores), np.zeros(len(scores)), BACKGROUND, 10, "")
    assert (found.lead, found.long_lead) == pytest.approx(leads)


def test_what_quoted_phrases_add_is_no_lead() -> None:
    found = features(fused([0.9, 0.8, 0.7], without_phrases=[0.7, 0.8, 0.7]), np.zeros(3), BACKGROUND, 10, "")
    assert (found.lead, found.long_lead) == (0, 0)
    found = features(fused([0.9, 0.6], without_phrases=[0.7, 0.6]), np.zeros(2), BACKGROUND, 10, "")
    assert found.lead == pytest.approx(0.1)


@pytest.mark.parametrize("weights", [SHIPPED, OTHERS])
@pytest.mark.parametrize("scores", [[0.9, 0.8, 0.8, 0.1], [0.5, 0.5], [1.2, 1.19, 0.3, -0.2, -5]])
def test_chances_are_in_the_order_of_the_scores(weights: Weights, scores: list[float]) -> None:
    found = chances(scores, weights=weights)
    assert all(chance is not None for chance in found)
    assert found == sorted(found, reverse=True, key=float)  # type: ignore[arg-type]
    assert [one == other for one, other in pairwise(found)] == [one == other for one, other in pairwise(scores)]


def test_each_feature_counts() -> None:
    def best(question: str = "who signs it", **fields: float) -> float:
        values = {"cosine": 0.5, "coverage": 0.5, "second": 0.8, "passages": 1_000, **fields}
        found = chances([0.9, values["second"], 0.1], values["cosine"], coverage=values["coverage"],
                        passages=int(values["passages"]), question=question)  # fmt: skip
        assert found[0] is not None
        return found[0]

    assert best() < best(cosine=0.6)
    assert best() < best(coverage=0.8)
    assert best() < best(second=0.6)
    assert best() < best(passages=100)
    assert best() > best(question="the signature")


@pytest.mark.parametrize(
    ("weights", "logit", "lower"),
    [
        (
            SHIPPED,
            -5.68 + 6.96 * 0.5 + 2.53 * 0.8 + 5.29 * 0.1 + 2.43 * 0.3 - 0.24 * np.log(1_000) + 1.4,
            16.9 * 0.1 + 0.35,
        ),
        (
            OTHERS,
            -3.06 + 0.18 * 0.4 / BACKGROUND.std() + 3.35 * 0.8 + 4.95 * 0.1 + 3.71 * 0.3 - 0.32 * np.log(1_000) + 0.83,
            16.4 * 0.1 + 0.34,
        ),
    ],
)
def test_the_chances_of_a_usual_answer(weights: Weights, logit: float, lower: float) -> None:
    first, second, _ = chances([0.9, 0.8, 0.6], coverage=0.8, weights=weights)
    assert first == pytest.approx(1 / (1 + np.exp(-logit)))
    assert second == pytest.approx(1 / (1 + np.exp(-(logit - lower))))


def test_an_answer_is_doubted_below_twelve_percent() -> None:
    assert NO_GOOD_MATCH == 0.12


def test_a_passage_about_something_else_is_no_good_match() -> None:
    (first, *_) = chances([0.42, 0.40, 0.39, 0.38, 0.36], 0.3, coverage=0.2)
    assert first is not None
    assert first < NO_GOOD_MATCH


@pytest.mark.parametrize("background", [np.zeros(0), np.full(3, 0.5)])
@pytest.mark.parametrize("passages", [0, 1, 10**9])
def test_a_background_without_deviation_says_nothing(background: np.ndarray, passages: int) -> None:
    assert features(fused([0.9, 0.5]), np.zeros(2), background, passages, "").deviations == 0
    found = chances_of(OTHERS, fused([0.9, 0.5]), np.zeros(2), background, passages, "")
    assert all(chance is not None and 0 <= chance <= 1 for chance in found)


def test_extreme_scores_stay_from_0_to_1_without_a_warning() -> None:
    assert chances([1e6, -1e6], 1e6) == pytest.approx([1, 0])
    assert chances([-1, -2], -1e6) == pytest.approx([0, 0])


def test_there_is_no_chance_without_a_background_or_a_cosine() -> None:
    two, nothing = fused([0.9, 0.8]), fused([])
    assert chances_of(SHIPPED, two, np.array([0.5, 0.4]), None, 10, "") == [None, None]
    assert chances_of(SHIPPED, two, np.array([np.nan, 0.4]), BACKGROUND, 10, "") == [None, None]
    assert chances_of(SHIPPED, two, np.array([0.5, np.nan]), BACKGROUND, 10, "")[1] is None
    assert chances_of(SHIPPED, nothing, np.zeros(0), BACKGROUND, 10, "") == []


@pytest.mark.parametrize(("name", "weights"), [("wherein-minilm-squad-int8", SHIPPED), ("toy", OTHERS), ("", OTHERS)])
def test_the_weights_of_a_model(name: str, weights: Weights) -> None:
    assert weights_of(name) == weights
